//! An outage of PagerDuty with durable delivery: alerts fire and recover meanwhile, and everything is right afterwards.

use crate::inbox::Inbox;
use crate::queue::Queue;
use crate::samples::Sample;
use crate::screen::{self, Screen};
use crate::tour;
use arms_pagerduty::host::Fault;
use owo_colors::OwoColorize;
use pagerduty_standin::{Alert, AlertState, Api, Standin};
use serde_json::json;
use std::fmt::Display;
use std::sync::Arc;
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

/// Lets it happen for as long as `lasts`, and shows each step.
///
/// # Errors
/// When PagerDuty does not have every event in its order afterwards; it has been shown then.
pub(crate) async fn show(
    inbox: &Arc<Inbox>,
    queue: &Queue,
    lasts: Duration,
    sample: &Sample,
    screen: &mut Screen,
) -> Result<(), Fault> {
    screen.heading("Durable delivery in an outage of PagerDuty")?;
    screen.line("  Each event is stored in a queue (here a local one) before ARMS is answered.\n")?;
    let mut script = Script { sample, inbox, queue, screen, begun: Instant::now() };
    script.play(BEFORE).await?;
    if !script.is_empty_within(SENT_WITHIN).await? {
        return Err("the events before the outage were not delivered".into());
    }
    script.note("PagerDuty is down: it answers 500 to everything".red())?;
    let down_at = Instant::now();
    inbox.standin.set_standing_fault(Some(pagerduty_standin::Fault::status(500)));
    for percent in 0..100_i8 {
        sleep_until(down_at + lasts * percent.unsigned_abs().into() / 100).await;
        script.play(percent).await?;
    }
    sleep_until(down_at + lasts).await;
    inbox.standin.set_standing_fault(None);
    script.note("PagerDuty is back".green())?;
    let is_empty = script.is_empty_within(EMPTY_WITHIN).await?;
    let is_right = compare(&inbox.standin, sample.key(), screen)?;
    if !is_empty || !is_right {
        return Err("PagerDuty does not have every event in its order".into());
    }
    screen.line("  Nothing was lost, and the events of each alert arrived in their order.".green())?;
    Ok(())
}

struct Script<'a> {
    sample: &'a Sample,
    inbox: &'a Arc<Inbox>,
    queue: &'a Queue,
    screen: &'a mut Screen,
    begun: Instant,
}

impl Script<'_> {
    /// Sends the webhooks of this percentage of the outage, and shows the answers.
    async fn play(&mut self, percent: i8) -> Result<(), Fault> {
        let steps =
            ALERTS.iter().flat_map(|(name, story)| story.iter().map(move |(at, status)| (name, at, status)));
        for (name, _, status) in steps.filter(|(_, at, _)| **at == percent) {
            let alert = json!({
                "status": status, "fingerprint": name,
                "labels": {"alertname": name, "severity": "error"},
                "annotations": {"message": format!("{name} is {status}")},
            });
            let id = tour::send(self.inbox, self.sample, json!({"alerts": [alert]}).to_string()).await?;
            let webhook = self.inbox.memory.get(&id).ok_or("the webhook is gone")?;
            let is_stored =
                webhook.events.iter().any(|sent| sent.delivery.as_ref().is_some_and(|end| end.is_stored));
            let answer = webhook.answer.map_or(0, |answer| answer.status);
            if !is_stored {
                return Err(format!("the event was not stored: {answer}").into());
            }
            let answer = format!("{answer} stored");
            self.note(format!("{name:<15} {status:<9} {}", answer.green()))?;
        }
        Ok(())
    }

    /// Waits until the queue is empty, and shows how it empties.
    async fn is_empty_within(&mut self, within: Duration) -> Result<bool, Fault> {
        let end = Instant::now() + within;
        let mut looked_at = Instant::now();
        loop {
            let (waiting, dead) = self.queue.counts();
            if waiting == 0 {
                self.note("The queue is empty".dimmed())?;
                return Ok(dead == 0);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            if looked_at.elapsed() >= LOOK_EVERY {
                looked_at = Instant::now();
                self.note(format!("{waiting} events wait in the queue").dimmed())?;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn note(&mut self, text: impl Display) -> Result<(), Fault> {
        Ok(self.screen.line(format!("  {:>4} s  {text}", self.begun.elapsed().as_secs()))?)
    }
}

/// Shows for each alert what happened and what PagerDuty has, and says whether that is the same.
fn compare(standin: &Standin, key: &str, screen: &mut Screen) -> Result<bool, Fault> {
    screen.heading("What PagerDuty has")?;
    let mut is_right = true;
    for (name, story) in ALERTS {
        let happened: Vec<&str> = story.iter().map(|(_, status)| *status).collect();
        let alert = standin.alert(key, name);
        let has = alert.as_ref().map(statuses).unwrap_or_default();
        let state = alert.map_or(AlertState::Resolved, |alert| alert.state);
        let is_open = happened.last() == Some(&FIRING);
        let is_same = has == happened && (state != AlertState::Resolved) == is_open;
        is_right &= is_same;
        let verdict = if is_same {
            screen::state(state)
        } else {
            format!("WRONG: PagerDuty has {}", has.join(", ")).red().to_string()
        };
        screen.line(format!("  {name:<15} {:<38} -> {verdict}", happened.join(", ")))?;
    }
    screen.line("")?;
    Ok(is_right)
}

/// The statuses of the events that PagerDuty has accepted, in their order.
fn statuses(alert: &Alert) -> Vec<&'static str> {
    let is_trigger = |event| Api::V2.action(event) == Some("trigger");
    alert.events.iter().map(|taken| if is_trigger(&taken.event) { FIRING } else { RESOLVED }).collect()
}
