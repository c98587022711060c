//! Notifications of many alerts, made of the sample with one.

use crate::Fault;
use axum::body::Bytes;
use serde_json::Value;

/// One firing alert in a function URL envelope.
pub(crate) const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/alertmanager-firing.json");

/// What each alert of the sample has of its own.
const FINGERPRINT: &str = "3f1c0d5e9a7b42688c01d2e3f4a5b6c7";
const POD: &str = "checkout-7c9d8b5f6-x2k4q";
/// Where its annotations begin.
const MESSAGE: &str = "\"annotations\":{";

/// The sample's envelope with `body` in it.
pub(crate) fn envelope(body: &str) -> Result<Bytes, Fault> {
    let mut envelope = sample()?;
    *envelope.get_mut("body").ok_or("the sample has no body")? = body.into();
    Ok(serde_json::to_vec(&envelope)?.into())
}

/// A body of this many alerts, all different; each has a description of `padding` characters.
pub(crate) fn body(alerts: usize, padding: usize) -> Result<String, Fault> {
    let envelope = sample()?;
    let body = envelope.get("body").and_then(Value::as_str).ok_or("the sample has no body")?;
    let (head, rest) = body.split_once("\"alerts\":[").ok_or("the sample has no alerts")?;
    let (alert, tail) = rest.rsplit_once(']').ok_or("the sample's alerts have no end")?;
    if ![FINGERPRINT, POD, MESSAGE].iter().all(|part| alert.contains(part)) {
        return Err("the sample's alert is another one".into());
    }
    let description: String =
        "The pod needs more memory than it may have. ".chars().cycle().take(padding).collect();
    let alerts: Vec<String> = (0..alerts)
        .map(|number| {
            let alert = alert
                .replace(FINGERPRINT, &format!("{number:032x}"))
                .replace(POD, &format!("checkout-7c9d8b5f6-{number:05x}"));
            if padding == 0 {
                return alert;
            }
            alert.replace(MESSAGE, &format!("{MESSAGE}\"description\":\"{description}\","))
        })
        .collect();
    Ok(format!("{head}\"alerts\":[{}]{tail}", alerts.join(",")))
}

fn sample() -> Result<Value, Fault> {
    Ok(serde_json::from_slice(&std::fs::read(SAMPLE)?)?)
}
