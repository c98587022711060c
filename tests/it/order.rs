//! Order within the process: no event is sent once PagerDuty has accepted a newer one of the same alert.

use crate::bridge::KEY;
use crate::delivery::notification;
use crate::reach::Logged;
use pagerduty_standin::memory::AlertState;
use pagerduty_standin::{Fault, Options, Standin};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The answer to a webhook: status and body.
type Told = (u16, Value);

struct Scene {
    standin: Standin,
    function: Arc<Logged>,
}

impl Scene {
    async fn start() -> Self {
        let standin = Standin::start(Options::default()).await.expect("loopback");
        let function = Arc::new(Logged::new(&standin.url(), "10000"));
        Self { standin, function }
    }

    /// Sends a webhook and waits until PagerDuty has received this many requests.
    async fn begin(&self, path: &'static str, body: String, received: usize) -> JoinHandle<Told> {
        let function = Arc::clone(&self.function);
        let task = tokio::spawn(async move {
            let answer = function.post(path, body).await;
            let body = serde_json::from_slice(answer.body()).expect("JSON");
            (answer.status().as_u16(), body)
        });
        let begun = Instant::now();
        while self.standin.requests().len() < received {
            assert!(begun.elapsed() < Duration::from_secs(5), "it sends nothing");
            sleep(Duration::from_millis(2)).await;
        }
        task
    }

    async fn send(&self, path: &'static str, body: String) -> Told {
        let task = self.begin(path, body, 0).await;
        task.await.expect("an answer")
    }

    fn fails_once(&self, key: &str) {
        self.standin.push_fault_for(key, Fault::retry_after(503, "1"));
    }

    fn open(&self) -> usize {
        self.standin.alerts().iter().filter(|alert| alert.state != AlertState::Resolved).count()
    }
}

fn alert(key: &str, status: &str) -> String {
    notification([(key, "error", status)])
}

#[tokio::test]
async fn a_trigger_that_is_being_retried_does_not_open_an_alert_that_has_been_resolved() {
    for (path, accepted) in [("/", 202), ("/v1", 200)] {
        let scene = Scene::start().await;
        scene.fails_once("a");
        let trigger = scene.begin(path, alert("a", "firing"), 1).await;
        let resolved = scene.send(path, alert("a", "resolved")).await;
        assert_eq!((resolved.0, &resolved.1["status"]), (accepted, &json!("success")));
        let (status, body) = trigger.await.expect("an answer");
        assert_eq!((status, &body["status"]), (accepted, &json!("superseded")), "{body}");
        assert!(body["message"].as_str().is_some_and(|message| message.contains("newer")), "{body}");
        assert_eq!((scene.standin.requests().len(), scene.open()), (2, 0), "{path}");
        let lines = scene.function.lines("event");
        let answers: Vec<&Value> = lines.iter().map(|line| &line["answer"]).collect();
        assert_eq!(answers, ["accepted", "superseded"], "{lines:?}");
        assert!(scene.function.lines("undelivered").is_empty());
    }
}

#[tokio::test]
async fn a_resolve_that_is_being_retried_does_not_close_an_alert_that_fires_again() {
    let scene = Scene::start().await;
    scene.send("/", alert("a", "firing")).await;
    scene.fails_once("a");
    let resolve = scene.begin("/", alert("a", "resolved"), 2).await;
    scene.send("/", alert("a", "firing")).await;
    assert_eq!(resolve.await.expect("an answer").1["status"], "superseded");
    assert_eq!((scene.standin.requests().len(), scene.open()), (3, 1));
}

/// PagerDuty ignores an acknowledgement without an alert, so the trigger must still open one.
#[tokio::test]
async fn an_acknowledgement_and_other_alerts_keys_and_apis_supersede_nothing() {
    let acknowledge = format!("integration_key={KEY}&dedup_key=a&event_action=acknowledge");
    let other_key = alert("a", "resolved").replace(KEY, &"f".repeat(32));
    for (path, newer) in
        [("/", acknowledge), ("/", alert("b", "resolved")), ("/", other_key), ("/v1", alert("a", "resolved"))]
    {
        let scene = Scene::start().await;
        scene.fails_once("a");
        let trigger = scene.begin("/", alert("a", "firing"), 1).await;
        scene.send(path, newer.clone()).await;
        assert_eq!(trigger.await.expect("an answer").1["status"], "success", "{path}: {newer}");
        assert_eq!((scene.standin.requests().len(), scene.open()), (3, 1), "{path}: {newer}");
    }
}

#[tokio::test]
async fn change_events_are_all_sent() {
    let scene = Scene::start().await;
    scene.standin.push_fault(Fault::retry_after(503, "1"));
    let older = scene.begin("/change", alert("a", "firing"), 1).await;
    scene.send("/change", alert("a", "resolved")).await;
    assert_eq!(older.await.expect("an answer").1["status"], "success");
    assert_eq!(scene.standin.changes().len(), 2);
}

#[tokio::test]
async fn a_newer_event_waits_for_the_attempt_that_is_on_the_wire() {
    let scene = Scene::start().await;
    let answers_after = Duration::from_millis(400);
    scene.standin.push_fault_for("a", Fault::Delay(answers_after));
    let trigger = scene.begin("/", alert("a", "firing"), 1).await;
    scene.send("/", alert("a", "resolved")).await;
    assert_eq!(trigger.await.expect("an answer").1["status"], "success");
    let requests = scene.standin.requests();
    let gap = requests[1].at.duration_since(requests[0].at);
    assert!(gap >= answers_after, "{gap:?}");
    assert_eq!(scene.open(), 0);
}

/// ARMS may send a notification again while the first one is still being tried.
#[tokio::test]
async fn the_same_triggers_at_the_same_time_are_each_accepted_or_superseded() {
    let scene = Scene::start().await;
    let keys: Vec<String> = (0..10).map(|number| format!("alert-{number}")).collect();
    for key in &keys {
        for _ in 0..3 {
            scene.standin.push_fault_for(key, Fault::status(500));
        }
    }
    let body = notification(keys.iter().map(|key| (key.as_str(), "error", "firing")));
    let tasks = [scene.begin("/", body.clone(), 0).await, scene.begin("/", body, 0).await];
    for task in tasks {
        let (status, body) = task.await.expect("an answer");
        let word = body["status"].as_str().unwrap_or_default();
        assert!(status == 202 && ["success", "superseded"].contains(&word), "{status} {body}");
    }
    let alerts = scene.standin.alerts();
    assert!(alerts.len() == 10 && alerts.iter().all(|alert| alert.opened == 1), "{alerts:?}");
}

#[tokio::test]
async fn of_several_events_the_superseded_ones_are_counted_apart() {
    let scene = Scene::start().await;
    scene.fails_once("a");
    let keys = [("a", "error", "firing"), ("b", "error", "firing"), ("c", "error", "firing")];
    let triggers = scene.begin("/", notification(keys), 3).await;
    scene.send("/", alert("a", "resolved")).await;
    let (status, body) = triggers.await.expect("an answer");
    assert_eq!((status, &body["status"]), (202, &json!("superseded")));
    let message = "PagerDuty accepted 2 of 3 events, 1 was superseded by a newer one";
    assert_eq!(body["message"], message);
}

/// Held back by a rate limit until its time is over: to send it again later would open the alert again.
#[tokio::test]
async fn what_was_superseded_while_it_waited_is_not_undelivered() {
    let standin = Standin::start(Options::default()).await.expect("loopback");
    let scene = Scene { function: Arc::new(Logged::new(&standin.url(), "900")), standin };
    scene.standin.push_fault_for("a", Fault::status(429));
    scene.standin.set_standing_fault_for("b", Some(Fault::status(429)));
    let body = notification([("b", "critical", "firing"), ("a", "info", "firing")]);
    let triggers = scene.begin("/", body, 2).await;
    assert_eq!(scene.send("/", alert("a", "resolved")).await.1["status"], "success");
    let (status, body) = triggers.await.expect("an answer");
    assert_eq!((status, &body["failures"][0]["dedup_key"]), (429, &json!("b")), "{body}");
    let message = "PagerDuty accepted 0 of 2 events, 1 was superseded by a newer one";
    assert_eq!(body["message"], message);
    let undelivered = scene.function.lines("undelivered");
    assert!(undelivered.len() == 1 && undelivered[0]["event"]["dedup_key"] == "b", "{undelivered:?}");
}
