//! What can be asked.

use super::{Page, Refusal};
use crate::origin;
use crate::record::Webhook;
use crate::sent::alert_id;
use crate::web;
use pagerduty_standin::{Alert, AlertState, Api};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a call waits for something to change.
const WAIT_MAX: Duration = Duration::from_secs(25);
/// Changes within this time are reported together.
const PAUSE: Duration = Duration::from_millis(60);
/// Dedup keys of a webhook in a list, to be found by.
const KEYS_MAX: usize = 10;

/// An alert in a list.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    key: String,
    dedup_key: &'a str,
    state: AlertState,
    severity: Option<&'a str>,
    summary: &'a str,
    source: Option<&'a str>,
    opened: u32,
    triggers: u32,
    opened_at_ms: u64,
    changed_at_ms: u64,
}

impl<'a> Row<'a> {
    fn new(alert: &'a Alert) -> Self {
        Self {
            id: alert_id(&alert.key, &alert.dedup_key),
            key: masked(&alert.key),
            dedup_key: &alert.dedup_key,
            state: alert.state,
            severity: alert.severity.as_deref(),
            summary: &alert.summary,
            source: alert.source.as_deref(),
            opened: alert.opened,
            triggers: alert.triggers,
            opened_at_ms: alert.opened_at_ms,
            changed_at_ms: alert.changed_at_ms,
        }
    }
}

impl Page {
    pub(super) fn status(&self) -> Value {
        let forward = self.front.forward.as_ref();
        let is_open = |alert: &Alert| (alert.state != AlertState::Resolved).then_some(());
        let open = self.front.standin.read_alerts(is_open);
        let undelivered =
            self.front.memory.map(|webhook| (webhook.outcome() == "undelivered").then(|| webhook.id.clone()));
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "webhook_url": self.webhook_url,
            "pagerduty_url": self.pagerduty_url,
            "wants_token": self.token.is_some(),
            "forwarding": forward.map(|forward| json!({"url": forward.url, "key": forward.key()})),
            "queue": self.queue.as_ref().map(|queue| {
                let (waiting, dead) = queue.counts();
                json!({"waiting": waiting, "dead": dead})
            }),
            "revision": *self.front.memory.subscribe().borrow(),
            "counts": {
                "open_alerts": open.len(),
                "changes": self.front.standin.changes().len(),
                "webhooks": self.front.memory.map(|_| Some(())).len(),
            },
            "let_go": {
                "webhooks": self.front.memory.let_go(),
                "alerts_changes_and_requests": self.front.standin.let_go(),
            },
            "undelivered": {
                "webhooks": undelivered.len(),
                "latest": undelivered.first(),
            },
            "without_alert": self.front.standin.without_alert(),
            "fault": self.fault(),
        })
    }

    /// Answers as soon as the revision is another one than the query's `after`, after 25 s at the latest.
    pub(super) async fn revision(&self, query: &HashMap<String, u64>) -> Value {
        let after = query.get("after").copied();
        let mut revision = self.front.memory.subscribe();
        let waiting = async {
            let is_new = revision.wait_for(|now| Some(*now) != after).await.is_ok();
            // Before the first look there is nothing to wait together with.
            if is_new && after.is_some() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            () = waiting => {}
            () = tokio::time::sleep(WAIT_MAX) => {}
            () = web::stopped(self.stop.clone()) => {}
        }
        json!({ "revision": *self.front.memory.subscribe().borrow() })
    }

    pub(super) fn alerts(&self) -> Value {
        json!({ "alerts": self.front.standin.read_alerts(|alert| Some(json!(Row::new(alert)))) })
    }

    pub(super) fn find(&self, id: &str) -> Result<Alert, Refusal> {
        let is_it = |alert: &Alert| alert_id(&alert.key, &alert.dedup_key) == id;
        let found = self.front.standin.read_alerts(|alert| is_it(alert).then(|| alert.clone()));
        found.into_iter().next().ok_or_else(|| Refusal::not_found("there is no such alert"))
    }

    pub(super) fn alert(&self, id: &str) -> Result<Value, Refusal> {
        let alert = self.find(id)?;
        let mut shown = json!(Row::new(&alert));
        let webhooks = self.front.memory.map(|webhook| {
            let own = webhook.events.iter().any(|sent| sent.alert.as_deref() == Some(id));
            own.then(|| summary(webhook))
        });
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("events".to_owned(), json!(alert.events));
            fields.insert("events_let_go".to_owned(), json!(alert.events_let_go));
            fields.insert("webhooks".to_owned(), json!(webhooks));
        }
        Ok(shown)
    }

    pub(super) fn changes(&self) -> Value {
        // Newest first on both sides, and each webhook's event is one change: equal events pair off in order.
        let mut sent: Vec<(Value, String)> = self
            .front
            .memory
            .map(|webhook| {
                let is_change = webhook.api == Some(Api::Change);
                is_change.then(|| {
                    let events = webhook.events.iter().rev();
                    let event = |text: &str| serde_json::from_str(text).unwrap_or_default();
                    events.map(|sent| (event(sent.event.get()), webhook.id.clone())).collect::<Vec<_>>()
                })
            })
            .into_iter()
            .flatten()
            .collect();
        let changes = self.front.standin.changes();
        let changes = changes.iter().map(|change| {
            let place = sent.iter().position(|(event, _)| *event == change.taken.event);
            json!({
                "summary": change.summary,
                "source": change.source,
                "key": masked(&change.key),
                "at_ms": change.taken.at_ms,
                "webhook": place.map(|place| sent.remove(place).1),
            })
        });
        json!({ "changes": changes.collect::<Vec<_>>() })
    }

    /// All that is remembered.
    pub(super) fn export(&self) -> Value {
        json!({
            "status": self.status(),
            "alerts": self.front.standin.alerts(),
            "changes": self.front.standin.changes(),
            "webhooks": self.front.memory.map(|webhook| Some(json!(webhook))),
        })
    }

    pub(super) fn webhooks(&self) -> Value {
        json!({ "webhooks": self.front.memory.map(|webhook| Some(summary(webhook))) })
    }

    /// A webhook with all that is known of it by now.
    pub(super) async fn webhook(&self, id: &str) -> Result<Webhook, Refusal> {
        let webhook =
            self.front.memory.get(id).ok_or_else(|| Refusal::not_found("there is no such webhook"))?;
        let mut webhook = self.traced(webhook).await;
        if webhook.is_traced {
            let traced = webhook.clone();
            self.front.memory.note_origins(id, traced);
        }
        if webhook.answer.is_none() {
            webhook.take_attempts(&self.front.standin.requests_since(webhook.after_request));
        }
        Ok(webhook)
    }

    /// With where each value came from.
    pub(super) async fn traced(&self, mut webhook: Webhook) -> Webhook {
        let Some(arrival) = webhook.arrival.clone() else { return webhook };
        if webhook.is_traced || webhook.events.is_empty() {
            return webhook;
        }
        let (front, body) = (Arc::clone(&self.front), webhook.body.clone());
        let whole = body.clone();
        // Hundreds of trials; the webhooks go on meanwhile.
        let trace = move || origin::trace(&body, |body| front.rehearsal.written(body, &whole, &arrival));
        if let Ok(Some(traced)) = tokio::task::spawn_blocking(trace).await {
            webhook.take_origins(traced);
        }
        webhook
    }
}

/// A webhook in a list.
fn summary(webhook: &Webhook) -> Value {
    let first = webhook.events.first();
    let title =
        first.map(|sent| sent.summary.as_str()).or(webhook.refused.as_ref().map(|why| why.message.as_str()));
    json!({
        "id": webhook.id,
        "at_ms": webhook.at_ms,
        "method": webhook.method,
        "target": webhook.target,
        "api": webhook.api,
        "title": title,
        "action": first.map(|sent| sent.action),
        "severity": first.map(|sent| sent.severity),
        "dedup_keys": webhook.events.iter().map(|sent| &sent.dedup_key).take(KEYS_MAX).collect::<Vec<_>>(),
        "events": webhook.events.len(),
        "attempts": webhook.events.iter().map(|sent| sent.attempts.len()).max(),
        "status": webhook.answer.as_ref().map(|answer| answer.status),
        "outcome": webhook.outcome(),
    })
}

fn masked(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    format!("****{}", chars.iter().skip(chars.len().saturating_sub(4)).collect::<String>())
}
