//! The repository's samples of what the sources send.

use crate::options::TOKEN_VARIABLE;
use arms_pagerduty::host::Fault;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The header that carries the key in the samples.
pub(crate) const KEY_HEADER: &str = "x-integration-key";
/// The header that carries the token.
pub(crate) const TOKEN_HEADER: &str = "x-webhook-token";
/// The one that the terminal shows.
const FIRST: &str = "alertmanager-firing";

static EVENTS: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../events");

/// The source, a file in `events` without its ending, and what it is.
const SAMPLES: [(&str, &str, &str); 44] = [
    ("ARMS", "alertmanager-firing", "Alertmanager content, firing"),
    ("ARMS", "alertmanager-resolved", "Alertmanager content, resolved"),
    ("ARMS", "alertmanager-mixed", "Alertmanager content, one firing and one resolved"),
    ("ARMS", "alertmanager-in-json", "Alertmanager content in a JSON template"),
    ("ARMS", "alertmanager-in-json-text", "Alertmanager content as text in JSON"),
    ("ARMS", "alertmanager-in-json-unescaped", "Alertmanager content as text in JSON, not escaped"),
    ("ARMS", "alertmanager-in-form", "Alertmanager content in a form"),
    ("ARMS", "preset-zh-firing", "Preset template, Chinese, firing"),
    ("ARMS", "preset-zh-recovered", "Preset template, Chinese, recovered"),
    ("ARMS", "preset-zh-lines", "Preset template, Chinese, as lines"),
    ("ARMS", "preset-en-firing", "Preset template, English, firing"),
    ("ARMS", "preset-en-recovered", "Preset template, English, recovered"),
    ("ARMS", "preset-en-lines", "Preset template, English, as lines"),
    ("ARMS", "arms-content-older", "$content of older ARMS"),
    ("ARMS", "chat-feishu", "Chat template for Feishu, firing"),
    ("ARMS", "chat-dingtalk", "Chat template for DingTalk, recovered"),
    ("ARMS", "form-fields-raw", "Form with fields of your own"),
    ("ARMS", "form-fields-standard", "Form with fields, encoded"),
    ("ARMS", "form-key-only", "Form with the key alone"),
    ("ARMS", "test-button", "The console's Test button"),
    ("ARMS", "test-button-content", "The console's Test button, $content"),
    ("ARMS", "test-button-unquoted", "The console's Test button, in JSON"),
    ("CloudMonitor 1.0", "cloudmonitor-alert", "CloudMonitor callback as a form, alert"),
    ("CloudMonitor 1.0", "cloudmonitor-ok", "CloudMonitor callback as a form, OK"),
    ("CloudMonitor 1.0", "cloudmonitor-json-alert", "CloudMonitor callback as JSON, alert"),
    ("CloudMonitor 1.0", "cloudmonitor-mns-alert", "CloudMonitor through MNS, warning"),
    ("CloudMonitor 1.0", "cloudmonitor-system-executing", "CloudMonitor system event, a disk has stalled"),
    ("CloudMonitor 1.0", "cloudmonitor-system-executed", "CloudMonitor system event, the disk is well again"),
    ("CloudMonitor 2.0", "cloudmonitor2-triggered", "CloudMonitor 2.0, triggered"),
    ("CloudMonitor 2.0", "cloudmonitor2-resolved", "CloudMonitor 2.0, resolved"),
    ("Log Service (SLS)", "sls-firing", "Log Service, two alerts in one webhook"),
    ("Log Service (SLS)", "sls-resolved", "Log Service, resolved"),
    ("Log Service (SLS)", "sls-lines", "Log Service, text template"),
    ("EventBridge", "eventbridge-event", "EventBridge event, a disk error"),
    ("Prometheus and Grafana", "prometheus-alertmanager", "Prometheus Alertmanager's own webhook"),
    ("Prometheus and Grafana", "grafana-alerting", "Grafana alerting, one firing and one resolved"),
    ("Prometheus and Grafana", "grafana-legacy", "Grafana before version 9"),
    ("Kubernetes", "kube-eventer", "kube-eventer, a container that keeps failing"),
    ("PagerDuty's own events", "pagerduty-v2", "PagerDuty's own event, v2"),
    ("PagerDuty's own events", "pagerduty-v1", "PagerDuty's own event, v1"),
    ("PagerDuty's own events", "pagerduty-change", "PagerDuty's own change event"),
    ("Anything else", "json-other", "Any other JSON"),
    ("Anything else", "json-broken", "JSON that a value has broken"),
    ("Anything else", "text-free", "Free text"),
];

/// One webhook to try; its key is made up.
#[derive(Clone, Serialize)]
pub(crate) struct Sample {
    /// Who sends such bodies.
    source: &'static str,
    name: &'static str,
    title: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A function URL's event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    headers: BTreeMap<String, String>,
    body: String,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// All of them.
pub(crate) fn all() -> Vec<Sample> {
    SAMPLES.iter().filter_map(|(source, name, title)| sample(source, name, title)).collect()
}

fn sample(source: &'static str, name: &'static str, title: &'static str) -> Option<Sample> {
    let file = EVENTS.get_file(format!("{name}.json"))?;
    let event: Envelope = serde_json::from_slice(file.contents()).ok()?;
    let is_own = |name: &str| {
        let is_of_platform = name.starts_with("x-amzn-") || name.starts_with("x-forwarded-");
        let is_of_client = ["host", "accept", "accept-encoding", "user-agent", "content-length"];
        !is_of_platform && !is_of_client.contains(&name)
    };
    let query = Some(event.raw_query_string).filter(|query| !query.is_empty());
    Some(Sample {
        source,
        name,
        title,
        path: query.map_or(event.raw_path.clone(), |query| format!("{}?{query}", event.raw_path)),
        headers: event.headers.into_iter().filter(|(name, _)| is_own(name)).collect(),
        body: if event.is_base64_encoded {
            String::from_utf8(STANDARD.decode(&event.body).ok()?).ok()?
        } else {
            event.body
        },
    })
}

impl Sample {
    /// The one that the terminal shows.
    pub(crate) fn first() -> Result<Self, Fault> {
        let first = all().into_iter().find(|sample| sample.name == FIRST);
        first.ok_or_else(|| format!("there is no sample {FIRST}").into())
    }

    /// The integration key in it: made up.
    pub(crate) fn key(&self) -> &str {
        let key = self.headers.iter().find(|(name, _)| name == KEY_HEADER);
        key.map(|(_, key)| key.as_str()).unwrap_or_default()
    }

    /// A command that sends its first alert again, cut down to what matters, with this status. The token is not in it,
    /// only the variable that holds it.
    pub(crate) fn command(&self, url: &str, wants_token: bool, status: &str) -> Result<String, Fault> {
        let body: Value = serde_json::from_str(&self.body)?;
        let part = |pointer: &str| body.pointer(&format!("/alerts/0/{pointer}"));
        let labels =
            ["alertname", "severity", "pod_name"].map(|name| (name, part(&format!("labels/{name}"))));
        let alert = json!({
            "status": status,
            "fingerprint": part("fingerprint"),
            "labels": labels.into_iter().collect::<BTreeMap<_, _>>(),
            "annotations": {"message": part("annotations/message")},
        });
        let token = Some(format!(" \\\n  -H \"{TOKEN_HEADER}: ${TOKEN_VARIABLE}\"")).filter(|_| wants_token);
        let token = token.unwrap_or_default();
        let key = quoted(&format!("{KEY_HEADER}: {}", self.key()));
        let body = quoted(&json!({"alerts": [alert]}).to_string());
        Ok(format!(
            "curl -i {url} \\\n  -H 'content-type: application/json' \\\n  -H {key}{token} \\\n  -d {body}"
        ))
    }
}

/// One word for a shell, whatever it contains.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_of_the_repository_is_there() {
        let names = SAMPLES.iter().map(|(_, name, _)| format!("{name}.json"));
        let files = EVENTS.files().map(|file| file.path().display().to_string());
        assert_eq!(names.collect::<std::collections::BTreeSet<_>>(), files.collect());
        assert_eq!(all().len(), EVENTS.files().count());
    }

    #[test]
    fn a_quoted_text_is_one_word() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
