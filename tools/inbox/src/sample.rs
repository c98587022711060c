//! One real notification of ARMS, and the commands that send more like it.

use crate::options::TOKEN_VARIABLE;
use arms_pagerduty::host::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the sample stands in the repository.
pub(crate) const FILE: &str = "events/alertmanager-firing.json";
const EVENT: &str = include_str!("../../../events/alertmanager-firing.json");
/// The header that carries the key in the sample, and in the commands.
pub(crate) const KEY_HEADER: &str = "x-integration-key";
/// The header that carries the token.
pub(crate) const TOKEN_HEADER: &str = "x-webhook-token";

/// The notification as ARMS sent it.
pub(crate) struct Sample {
    /// The path of the webhook's URL.
    pub(crate) path: String,
    /// ARMS's own headers, without those of the platform between.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: String,
    /// The integration key in it: made up.
    pub(crate) key: String,
    /// The fingerprint of its one alert: the dedup key.
    pub(crate) fingerprint: String,
    alert: Alert,
}

/// A function URL's event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    raw_path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// As much of a notification as a command should carry.
#[derive(Deserialize, Serialize)]
struct Notification {
    alerts: Vec<Alert>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Alert {
    status: String,
    fingerprint: String,
    labels: Labels,
    annotations: Annotations,
}

#[derive(Clone, Deserialize, Serialize)]
struct Labels {
    alertname: String,
    severity: String,
    pod_name: String,
}

#[derive(Clone, Deserialize, Serialize)]
struct Annotations {
    message: String,
}

impl Sample {
    pub(crate) fn embedded() -> Result<Self, Fault> {
        let Envelope { raw_path: path, mut headers, body } = serde_json::from_str(EVENT)?;
        headers.retain(|name, _| !is_of_platform(name) && name != "host");
        let key = headers.get(KEY_HEADER).cloned().ok_or("the sample has no key")?;
        let notification: Notification = serde_json::from_str(&body)?;
        let alert = notification.alerts.into_iter().next().ok_or("the sample has no alert")?;
        Ok(Self { path, headers, body, key, fingerprint: alert.fingerprint.clone(), alert })
    }

    /// A command that sends the sample's alert again, cut down to what matters, with this status.
    /// The token is not in it, only the variable that holds it.
    pub(crate) fn command(&self, url: &str, wants_token: bool, status: &str) -> Result<String, Fault> {
        let notification =
            Notification { alerts: vec![Alert { status: status.to_owned(), ..self.alert.clone() }] };
        let mut headers = vec![
            "-H 'content-type: application/json'".to_owned(),
            format!("-H {}", quoted(&format!("{KEY_HEADER}: {}", self.key))),
        ];
        if wants_token {
            headers.push(format!("-H \"{TOKEN_HEADER}: ${TOKEN_VARIABLE}\""));
        }
        let body = quoted(&serde_json::to_string(&notification)?);
        Ok(format!("curl -i {url} \\\n  {} \\\n  -d {body}", headers.join(" \\\n  ")))
    }
}

/// Whether a header comes from the platform between ARMS and the function.
pub(crate) fn is_of_platform(name: &str) -> bool {
    name.starts_with("x-amzn-") || name.starts_with("x-forwarded-") || name == "content-length"
}

/// One word for a shell, whatever stands in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_one_word() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
