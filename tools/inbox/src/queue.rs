//! A local queue with as much of SQS as durable delivery needs: a FIFO queue, its dead letters, and the event source
//! mapping that hands out one message of a group at a time. Nothing is kept when the process ends.

use crate::inbox::Inbox;
use arms_pagerduty::worker::Record;
use axum::body::Bytes;
use axum::extract::State;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Messages handed out at the same time: the `MaximumConcurrency` of template.yaml.
const IN_FLIGHT_MAX: usize = 5;
/// When a message comes again that was not moved: the `VisibilityTimeout` of template.yaml.
const VISIBILITY: Duration = Duration::from_mins(3);
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
    entry: Entry,
    receives: u32,
    visible_at: Instant,
    is_in_flight: bool,
}

/// A message as SQS's JSON protocol has it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    queue_url: String,
    message_deduplication_id: String,
    message_group_id: String,
    message_body: String,
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Batch {
    entries: Vec<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Visibility {
    receipt_handle: String,
    visibility_timeout: u64,
}

/// The settings of a function whose queues answer at this address. Only on Lambda can they be set, so the environment
/// is as there.
pub(crate) fn settings(address: SocketAddr) -> impl Fn(&str) -> Option<String> {
    move |name| match name {
        "QUEUE_URL" => Some(format!("http://{address}/000000000000/events.fifo")),
        "DEAD_LETTERS_URL" => Some(format!("http://{address}{DEAD_LETTERS}")),
        "AWS_LAMBDA_RUNTIME_API" | "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => {
            Some("local".to_owned())
        }
        _ => None,
    }
}

/// What answers where the function looks for SQS.
pub(crate) fn router(inbox: Arc<Inbox>) -> Router {
    let answer = async |State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes| {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let answer = inbox.queue.as_ref().and_then(|queue| queue.answer(target.unwrap_or_default(), &body));
        let unsupported =
            || (StatusCode::BAD_REQUEST, Json(json!({"__type": "com.amazonaws.sqs#UnsupportedOperation"})));
        answer.map_or_else(unsupported, |answer| (StatusCode::OK, Json(answer)))
    };
    Router::new().fallback(answer).with_state(inbox)
}

/// Hands out messages to the function's worker, for ever.
pub(crate) async fn hand_out(inbox: Arc<Inbox>) {
    let Some(queue) = &inbox.queue else { return };
    let mut working = JoinSet::new();
    loop {
        while working.len() < IN_FLIGHT_MAX
            && let Some(record) = queue.receive()
        {
            let inbox = Arc::clone(&inbox);
            working.spawn(async move { inbox.work(record).await });
        }
        let next = queue.next_visible().filter(|_| working.len() < IN_FLIGHT_MAX);
        tokio::select! {
            () = queue.changed.notified() => {}
            Some(_) = working.join_next() => {}
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
        }
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

    /// Answers a call of SQS's JSON protocol; `None` if it is none that the function needs.
    fn answer(&self, target: &str, body: &[u8]) -> Option<Value> {
        match target {
            "AmazonSQS.SendMessageBatch" => {
                let stored = read::<Batch>(body)?.entries.into_iter().map(|entry| {
                    let id = entry.id.clone();
                    json!({"Id": id, "MessageId": self.add(entry)})
                });
                Some(json!({"Successful": stored.collect::<Vec<_>>(), "Failed": []}))
            }
            "AmazonSQS.SendMessage" => Some(json!({"MessageId": self.add(read(body)?)})),
            "AmazonSQS.ChangeMessageVisibility" => {
                let Visibility { receipt_handle, visibility_timeout } = read(body)?;
                self.postpone(&receipt_handle, Duration::from_secs(visibility_timeout));
                Some(json!({}))
            }
            _ => None,
        }
    }

    /// Adds a message and gives its id: the deduplication id.
    fn add(&self, entry: Entry) -> String {
        let id = entry.message_deduplication_id.clone();
        let mut messages = self.messages();
        if entry.queue_url.ends_with(DEAD_LETTERS) {
            messages.dead += 1;
        } else if messages.taken.insert(id.clone()) {
            let (id, visible_at) = (id.clone(), Instant::now());
            messages.waiting.push(Message { id, entry, receives: 0, visible_at, is_in_flight: false });
        }
        drop(messages);
        self.changed.notify_one();
        id
    }

    fn postpone(&self, id: &str, after: Duration) {
        if let Some(message) = self.messages().waiting.iter_mut().find(|message| message.id == id) {
            message.visible_at = Instant::now() + after;
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
            body: message.entry.message_body.clone(),
            group: message.entry.message_group_id.clone(),
            receives: message.receives,
        })
    }

    /// When the next message can be received.
    fn next_visible(&self) -> Option<Instant> {
        self.messages().ready().map(|(_, message)| message.visible_at).min()
    }

    /// Deletes a message that is done; another one waits until it is visible again, and for how long is said.
    pub(crate) fn settle(&self, id: &str, is_done: bool) -> Option<Duration> {
        let mut messages = self.messages();
        let at = messages.waiting.iter().position(|message| message.id == id)?;
        if is_done {
            messages.waiting.remove(at);
            return None;
        }
        let message = messages.waiting.get_mut(at)?;
        message.is_in_flight = false;
        Some(message.visible_at.saturating_duration_since(Instant::now()))
    }
}

impl Messages {
    /// The first message of each group, with its place, unless it is being handled.
    fn ready(&self) -> impl Iterator<Item = (usize, &Message)> {
        let mut groups = HashSet::new();
        self.waiting.iter().enumerate().filter(move |(_, message)| {
            let is_first = groups.insert(&message.entry.message_group_id);
            is_first && !message.is_in_flight
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(queue: &Queue, id: &str, group: &str) {
        let [message_deduplication_id, message_group_id] = [id, group].map(str::to_owned);
        queue.add(Entry { message_deduplication_id, message_group_id, ..Entry::default() });
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
        let moved = queue
            .answer("AmazonSQS.ChangeMessageVisibility", br#"{"ReceiptHandle":"1","VisibilityTimeout":5}"#);
        assert_eq!(moved, Some(json!({})));
        assert_eq!(queue.settle("1", false), Some(Duration::from_secs(5)));
        queue.settle("3", true);
        assert_eq!((receive(&queue), queue.counts()), (None, (2, 0)));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(receive(&queue), Some(("1".to_owned(), 2)));
        queue.settle("1", true);
        assert_eq!(receive(&queue), Some(("2".to_owned(), 1)));
        // One that nobody moves comes again after the queue's own time.
        assert_eq!(queue.settle("2", false), Some(VISIBILITY));
        assert_eq!((receive(&queue), queue.next_visible()), (None, Some(Instant::now() + VISIBILITY)));
    }
}
