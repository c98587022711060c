//! The repository's samples of what the sources send, to try on the page.

use crate::sample::is_of_platform;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! files {
    ($($source:literal: { $($name:literal: $title:literal,)* })*) => {
        [$($(($source, $name, $title, include_str!(concat!("../../../events/", $name, ".json")))),*),*]
    };
}

/// The source, the name, what it is, and the function URL's event.
const FILES: [(&str, &str, &str, &str); 44] = files! {
    "ARMS": {
        "alertmanager-firing": "Alertmanager content, firing",
        "alertmanager-resolved": "Alertmanager content, resolved",
        "alertmanager-mixed": "Alertmanager content, one firing and one resolved",
        "alertmanager-in-json": "Alertmanager content in a JSON template",
        "alertmanager-in-json-text": "Alertmanager content as text in JSON",
        "alertmanager-in-json-unescaped": "Alertmanager content as text in JSON, not escaped",
        "alertmanager-in-form": "Alertmanager content in a form",
        "preset-zh-firing": "Preset template, Chinese, firing",
        "preset-zh-recovered": "Preset template, Chinese, recovered",
        "preset-zh-lines": "Preset template, Chinese, as lines",
        "preset-en-firing": "Preset template, English, firing",
        "preset-en-recovered": "Preset template, English, recovered",
        "preset-en-lines": "Preset template, English, as lines",
        "arms-content-older": "$content of older ARMS",
        "chat-feishu": "Chat template for Feishu, firing",
        "chat-dingtalk": "Chat template for DingTalk, recovered",
        "form-fields-raw": "Form with fields of your own",
        "form-fields-standard": "Form with fields, encoded",
        "form-key-only": "Form with the key alone",
        "test-button": "The console's Test button",
        "test-button-content": "The console's Test button, $content",
        "test-button-unquoted": "The console's Test button, in JSON",
    }
    "CloudMonitor 1.0": {
        "cloudmonitor-alert": "CloudMonitor callback as a form, alert",
        "cloudmonitor-ok": "CloudMonitor callback as a form, OK",
        "cloudmonitor-json-alert": "CloudMonitor callback as JSON, alert",
        "cloudmonitor-mns-alert": "CloudMonitor through MNS, warning",
        "cloudmonitor-system-executing": "CloudMonitor system event, a disk has stalled",
        "cloudmonitor-system-executed": "CloudMonitor system event, the disk is well again",
    }
    "CloudMonitor 2.0": {
        "cloudmonitor2-triggered": "CloudMonitor 2.0, triggered",
        "cloudmonitor2-resolved": "CloudMonitor 2.0, resolved",
    }
    "Log Service (SLS)": {
        "sls-firing": "Log Service, two alerts in one webhook",
        "sls-resolved": "Log Service, resolved",
        "sls-lines": "Log Service, text template",
    }
    "EventBridge": {
        "eventbridge-event": "EventBridge event, a disk error",
    }
    "Prometheus and Grafana": {
        "prometheus-alertmanager": "Prometheus Alertmanager's own webhook",
        "grafana-alerting": "Grafana alerting, one firing and one resolved",
        "grafana-legacy": "Grafana before version 9",
    }
    "Kubernetes": {
        "kube-eventer": "kube-eventer, a container that keeps failing",
    }
    "PagerDuty's own events": {
        "pagerduty-v2": "PagerDuty's own event, v2",
        "pagerduty-v1": "PagerDuty's own event, v1",
        "pagerduty-change": "PagerDuty's own change event",
    }
    "Anything else": {
        "json-other": "Any other JSON",
        "json-broken": "JSON that a value has broken",
        "text-free": "Free text",
    }
};

/// One webhook to try; its key is made up.
#[derive(Serialize)]
pub(crate) struct Sample {
    /// Who sends such bodies.
    source: &'static str,
    name: &'static str,
    title: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

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
    let samples = FILES.iter().filter_map(|(source, name, title, event)| {
        let event: Envelope = serde_json::from_str(event).ok()?;
        let query = Some(event.raw_query_string).filter(|query| !query.is_empty());
        let headers = event.headers.into_iter().filter(|(name, _)| {
            let is_carried = matches!(name.as_str(), "host" | "accept" | "accept-encoding" | "user-agent");
            !is_of_platform(name) && !is_carried
        });
        let decoded = || String::from_utf8(STANDARD.decode(&event.body).ok()?).ok();
        let body = if event.is_base64_encoded { decoded()? } else { event.body.clone() };
        Some(Sample {
            source,
            name,
            title,
            path: query.map_or(event.raw_path.clone(), |query| format!("{}?{query}", event.raw_path)),
            headers: headers.collect(),
            body,
        })
    });
    samples.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_of_the_repository_is_there() {
        assert_eq!(all().len(), FILES.len());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let count = std::fs::read_dir(folder).map(Iterator::count);
        assert_eq!(count.ok(), Some(FILES.len()));
    }
}
