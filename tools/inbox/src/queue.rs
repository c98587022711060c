//! A local queue with as much of SQS as durable delivery needs: a FIFO queue, its dead letters, and the event source
//! mapping that hands out one message of a group at a time. Nothing is kept when the process ends.

use crate::front::Front;
use crate::server;
use arms_pagerduty::worker::Record;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Messages handed out at the same time: the `MaximumConcurrency` of template.yaml.
const IN_FLIGHT_MAX: usize = 5;
/// When a message comes again that was not moved: the `VisibilityTimeout` of template.yaml.
const VISIBILITY: Duration = Duration::from_mins(3);
/// The most that SQS takes in one request.
const BODY_MAX_BYTES: usize = 1 << 20;

const QUEUE: &str = "/000000000000/events.fifo";
const DEAD_LETTERS: &str = "/000000000000/dead-letters.fifo";

/// A queue and its dead letters.
#[derive(Default)]
pub(crate) struct Queue {
    messages: Mutex<Messages>,
    changed: Notify,
}

#[derive(Default)]
struct Messages {
    /// Oldest first.
    waiting: Vec<Message>,
    dead: usize,
    /// Ids that were taken, so that a batch sent twice is stored once.
    taken: HashSet<String>,
}

struct Message {
    id: String,
    group: String,
    body: String,
    receives: u32,
    visible_at: Instant,
    is_in_flight: bool,
}

/// Where both queues are found.
pub(crate) struct Urls {
    pub(crate) queue: String,
    pub(crate) dead_letters: String,
}

impl Urls {
    /// Those of a queue that answers at this base URL.
    pub(crate) fn new(base: &str) -> Self {
        Self { queue: format!("{base}{QUEUE}"), dead_letters: format!("{base}{DEAD_LETTERS}") }
    }
}

impl Queue {
    fn messages(&self) -> MutexGuard<'_, Messages> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many messages wait, and how many are dead letters.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let messages = self.messages();
        (messages.waiting.len(), messages.dead)
    }

    /// Answers a call of SQS's JSON protocol.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = server::collect(body, BODY_MAX_BYTES).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let answer = match target {
            Some("AmazonSQS.SendMessageBatch") => self.send_batch(&body),
            Some("AmazonSQS.SendMessage") => self.send(&body),
            Some("AmazonSQS.ChangeMessageVisibility") => self.change_visibility(&body),
            _ => {
                let answer = json!({"__type": "com.amazonaws.sqs#UnsupportedOperation"});
                let mut response = Response::new(Full::from(answer.to_string()));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                return response;
            }
        };
        Response::new(Full::from(answer.to_string()))
    }

    fn send_batch(&self, body: &Value) -> Value {
        let entries = body.get("Entries").and_then(Value::as_array).into_iter().flatten();
        let stored: Vec<Value> =
            entries.map(|entry| json!({"Id": text(entry, "Id"), "MessageId": self.add(entry)})).collect();
        json!({"Successful": stored, "Failed": []})
    }

    fn send(&self, body: &Value) -> Value {
        if text(body, "QueueUrl").ends_with(DEAD_LETTERS) {
            self.messages().dead += 1;
            return json!({"MessageId": text(body, "MessageDeduplicationId")});
        }
        json!({"MessageId": self.add(body)})
    }

    /// Adds a message and gives its id: the deduplication id.
    fn add(&self, entry: &Value) -> String {
        let id = text(entry, "MessageDeduplicationId").to_owned();
        let mut messages = self.messages();
        if messages.taken.insert(id.clone()) {
            messages.waiting.push(Message {
                id: id.clone(),
                group: text(entry, "MessageGroupId").to_owned(),
                body: text(entry, "MessageBody").to_owned(),
                receives: 0,
                visible_at: Instant::now(),
                is_in_flight: false,
            });
        }
        drop(messages);
        self.changed.notify_one();
        id
    }

    fn change_visibility(&self, body: &Value) -> Value {
        let after = body.get("VisibilityTimeout").and_then(Value::as_u64).unwrap_or_default();
        let id = text(body, "ReceiptHandle");
        if let Some(message) = self.messages().waiting.iter_mut().find(|message| message.id == id) {
            message.visible_at = Instant::now() + Duration::from_secs(after);
        }
        json!({})
    }

    /// Hands out messages to the function's worker, for ever.
    pub(crate) async fn hand_out(self: Arc<Self>, front: Arc<Front>) {
        let mut working = JoinSet::new();
        loop {
            while working.len() < IN_FLIGHT_MAX
                && let Some(record) = self.receive()
            {
                let (queue, front) = (Arc::clone(&self), Arc::clone(&front));
                working.spawn(async move {
                    let id = record.message_id.clone();
                    let is_done = front.work(record).await;
                    queue.settle(&id, is_done);
                });
            }
            let next = self.next_visible().filter(|_| working.len() < IN_FLIGHT_MAX);
            tokio::select! {
                () = self.changed.notified() => {}
                Some(_) = working.join_next() => {}
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
    }

    /// Takes the oldest message that is visible and the first of its group.
    fn receive(&self) -> Option<Record> {
        let now = Instant::now();
        let mut messages = self.messages();
        let at = messages.ready().find(|(_, message)| message.visible_at <= now)?.0;
        let message = messages.waiting.get_mut(at)?;
        message.is_in_flight = true;
        message.receives += 1;
        message.visible_at = now + VISIBILITY;
        Some(Record {
            message_id: message.id.clone(),
            receipt_handle: message.id.clone(),
            body: message.body.clone(),
            group: message.group.clone(),
            receives: message.receives,
        })
    }

    /// When the next message can be received.
    fn next_visible(&self) -> Option<Instant> {
        self.messages().ready().map(|(_, message)| message.visible_at).min()
    }

    /// Deletes a message that is done; another one waits until it is visible again.
    fn settle(&self, id: &str, is_done: bool) {
        let mut messages = self.messages();
        if is_done {
            messages.waiting.retain(|message| message.id != id);
        } else if let Some(message) = messages.waiting.iter_mut().find(|message| message.id == id) {
            message.is_in_flight = false;
        }
    }
}

impl Messages {
    /// The first message of each group, with its place, unless it is being handled.
    fn ready(&self) -> impl Iterator<Item = (usize, &Message)> {
        let mut groups = HashSet::new();
        self.waiting.iter().enumerate().filter(move |(_, message)| {
            let is_first = groups.insert(message.group.as_str());
            is_first && !message.is_in_flight
        })
    }
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(queue: &Queue, id: &str, group: &str) {
        let message = json!({"MessageDeduplicationId": id, "MessageGroupId": group, "MessageBody": "{}"});
        queue.add(&message);
    }

    fn receive(queue: &Queue) -> Option<(String, u32)> {
        queue.receive().map(|record| (record.message_id, record.receives))
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_of_a_group_overtakes_a_message_that_is_handled_or_waits() {
        let queue = Queue::default();
        for (id, group) in [("1", "a"), ("2", "a"), ("3", "b")] {
            add(&queue, id, group);
            add(&queue, id, group);
        }
        let received = [receive(&queue), receive(&queue), receive(&queue)];
        assert_eq!(received, [Some(("1".to_owned(), 1)), Some(("3".to_owned(), 1)), None]);
        queue.change_visibility(&json!({"ReceiptHandle": "1", "VisibilityTimeout": 5}));
        queue.settle("1", false);
        queue.settle("3", true);
        assert_eq!((receive(&queue), queue.counts()), (None, (2, 0)));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(receive(&queue), Some(("1".to_owned(), 2)));
        queue.settle("1", true);
        assert_eq!(receive(&queue), Some(("2".to_owned(), 1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_was_not_moved_comes_again_after_the_queue_s_own_time() {
        let queue = Queue::default();
        add(&queue, "1", "a");
        assert!(receive(&queue).is_some());
        queue.settle("1", false);
        assert_eq!(queue.next_visible(), Some(Instant::now() + VISIBILITY));
        assert!(receive(&queue).is_none());
    }
}
