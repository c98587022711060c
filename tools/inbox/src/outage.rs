//! An outage of PagerDuty with durable delivery: alerts fire and recover meanwhile, and everything is right afterwards.

use crate::bench::Bench;
use crate::client;
use crate::options::{Options, Secrets};
use crate::queue::Queue;
use crate::sample::{self, Sample};
use crate::screen::{Screen, Tone};
use crate::tour::heading;
use arms_pagerduty::host::Fault;
use pagerduty_standin::{Alert, AlertState, Api, Standin};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

const FIRING: &str = "firing";
const RESOLVED: &str = "resolved";
/// What happens before the outage.
const BEFORE: i8 = -1;
/// The alerts; for each when it fires and recovers, in percent of the outage.
const ALERTS: [(&str, &[(i8, &str)]); 6] = [
    ("DiskFull", &[(BEFORE, FIRING), (20, RESOLVED)]),
    ("CheckoutErrors", &[(5, FIRING)]),
    ("PodRestarts", &[(10, FIRING), (45, RESOLVED)]),
    ("QueueLag", &[(10, FIRING), (40, RESOLVED), (70, FIRING)]),
    ("SlowQueries", &[(BEFORE, FIRING), (30, RESOLVED), (55, FIRING), (90, RESOLVED)]),
    ("HighLatency", &[(35, FIRING), (80, FIRING)]),
];
/// How long events before the outage may take.
const SENT_WITHIN: Duration = Duration::from_secs(10);
/// How long the queue may take after the outage: a message waits for at most a 24th of its age, and for the seconds that
/// those before it take.
const EMPTY_WITHIN: Duration = Duration::from_mins(3);
/// How often the number of waiting messages is shown.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Lets it happen, and shows each step.
///
/// # Errors
/// When PagerDuty does not have every event in its order afterwards; it has been shown then.
pub(crate) async fn show(
    options: &Options,
    secrets: &Secrets,
    sample: &Sample,
    bench: &Bench,
    queue: &Queue,
    screen: &mut Screen,
) -> Result<(), Fault> {
    let lasts = Duration::from_secs(options.outage.unwrap_or_default().into());
    heading(screen, "Durable delivery in an outage of PagerDuty")?;
    screen.line("  Each event is stored in a queue (here a local one) before ARMS is answered.\n")?;
    let mut script = Script { sample, token: secrets.first_token(), bench, queue, begun: Instant::now() };
    for (name, status) in steps(BEFORE) {
        script.send(name, status, screen).await?;
    }
    if !script.is_empty_within(SENT_WITHIN, screen).await? {
        return Err("the events before the outage were not delivered".into());
    }
    script.note("PagerDuty is down: it answers 500 to everything", Tone::Bad, screen)?;
    let down_at = Instant::now();
    bench.standin.set_standing_fault(Some(pagerduty_standin::Fault::status(500)));
    for percent in 0..100_i8 {
        for (name, status) in steps(percent) {
            sleep_until(down_at + lasts * percent.unsigned_abs().into() / 100).await;
            script.send(name, status, screen).await?;
        }
    }
    sleep_until(down_at + lasts).await;
    bench.standin.set_standing_fault(None);
    script.note("PagerDuty is back", Tone::Good, screen)?;
    let is_empty = script.is_empty_within(EMPTY_WITHIN, screen).await?;
    let is_right = compare(&bench.standin, &sample.key, screen)?;
    if !is_empty || !is_right {
        return Err("PagerDuty does not have every event in its order".into());
    }
    let end = "  Nothing was lost, and the events of each alert arrived in their order.";
    screen.line(&screen.paint(Tone::Good, end))?;
    Ok(())
}

/// What happens at this percentage of the outage.
fn steps(percent: i8) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_alert = move |(name, story): (&'static str, &'static [(i8, &'static str)])| {
        story.iter().filter(move |(at, _)| *at == percent).map(move |(_, status)| (name, *status))
    };
    ALERTS.into_iter().flat_map(of_alert)
}

struct Script<'a> {
    sample: &'a Sample,
    token: Option<&'a str>,
    bench: &'a Bench,
    queue: &'a Queue,
    begun: Instant,
}

impl Script<'_> {
    /// Sends the webhook of an alert and shows the answer.
    async fn send(&mut self, name: &str, status: &str, screen: &mut Screen) -> Result<(), Fault> {
        let alert = json!({
            "status": status, "fingerprint": name,
            "labels": {"alertname": name, "severity": "error"},
            "annotations": {"message": format!("{name} is {status}")},
        });
        let headers = [
            (sample::KEY_HEADER, self.sample.key.as_str()),
            ("content-type", "application/json"),
            (sample::TOKEN_HEADER, self.token.unwrap_or_default()),
        ];
        let body = json!({"alerts": [alert]}).to_string();
        let answer = client::post(self.bench.address, &self.sample.path, headers, body).await?;
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let said = said.get("status").and_then(Value::as_str).unwrap_or("no status").to_owned();
        let is_stored = said == "stored";
        let tone = if is_stored { Tone::Good } else { Tone::Bad };
        let answered = screen.paint(tone, &format!("{} {said}", answer.status().as_u16()));
        screen.line(&format!("  {}  {name:<15} {status:<9} {answered}", self.time()))?;
        if is_stored { Ok(()) } else { Err("the event was not stored".into()) }
    }

    /// Waits until the queue is empty, and shows how it empties.
    async fn is_empty_within(&self, within: Duration, screen: &mut Screen) -> Result<bool, Fault> {
        let end = Instant::now() + within;
        let mut looked_at = Instant::now();
        loop {
            let (waiting, dead) = self.queue.counts();
            if waiting == 0 {
                self.note("The queue is empty", Tone::Quiet, screen)?;
                return Ok(dead == 0);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            if looked_at.elapsed() >= LOOK_EVERY {
                looked_at = Instant::now();
                self.note(&format!("{waiting} events wait in the queue"), Tone::Quiet, screen)?;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn note(&self, text: &str, tone: Tone, screen: &mut Screen) -> Result<(), Fault> {
        Ok(screen.line(&format!("  {}  {}", self.time(), screen.paint(tone, text)))?)
    }

    fn time(&self) -> String {
        format!("{:>4} s", self.begun.elapsed().as_secs())
    }
}

/// Shows for each alert what happened and what PagerDuty has, and says whether that is the same.
fn compare(standin: &Standin, key: &str, screen: &mut Screen) -> Result<bool, Fault> {
    heading(screen, "What PagerDuty has")?;
    let mut is_right = true;
    for (name, story) in ALERTS {
        let happened: Vec<&str> = story.iter().map(|(_, status)| *status).collect();
        let alert = standin.alert(key, name);
        let has = alert.as_ref().map(statuses).unwrap_or_default();
        let is_open = happened.last() == Some(&FIRING);
        let state = alert.map(|alert| alert.state);
        let is_same =
            has == happened && state.is_some_and(|state| (state != AlertState::Resolved) == is_open);
        is_right &= is_same;
        let verdict = if is_same {
            state.map(|state| screen.paint_state(state)).unwrap_or_default()
        } else {
            screen.paint(Tone::Bad, &format!("WRONG: PagerDuty has {}", has.join(", ")))
        };
        screen.line(&format!("  {name:<15} {:<38} -> {verdict}", happened.join(", ")))?;
    }
    screen.line("")?;
    Ok(is_right)
}

/// The statuses of the events that PagerDuty has accepted, in their order.
fn statuses(alert: &Alert) -> Vec<&'static str> {
    let is_trigger = |event: &Value| Api::V2.action(event) == Some("trigger");
    alert.events.iter().map(|taken| if is_trigger(&taken.event) { FIRING } else { RESOLVED }).collect()
}
