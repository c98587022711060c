//! The repository's samples of what ARMS sends, to try on the page.

use crate::sample::is_of_platform;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! files {
    ($($name:literal: $title:literal,)*) => {
        [$(($name, $title, include_str!(concat!("../../../events/", $name, ".json")))),*]
    };
}

/// Name, what it is, and the function URL's event.
const FILES: [(&str, &str, &str); 28] = files! {
    "alertmanager-firing": "Alertmanager content, firing",
    "alertmanager-resolved": "Alertmanager content, resolved",
    "alertmanager-mixed": "Alertmanager content, one firing and one resolved",
    "alertmanager-in-json": "Alertmanager content in a JSON template",
    "alertmanager-in-json-text": "Alertmanager content as text in JSON",
    "alertmanager-in-json-unescaped": "Alertmanager content as text in JSON, not escaped",
    "alertmanager-in-form": "Alertmanager content in a form",
    "prometheus-alertmanager": "Prometheus Alertmanager's own webhook",
    "preset-zh-firing": "Preset template, Chinese, firing",
    "preset-zh-recovered": "Preset template, Chinese, recovered",
    "preset-zh-lines": "Preset template, Chinese, as lines",
    "preset-en-firing": "Preset template, English, firing",
    "preset-en-recovered": "Preset template, English, recovered",
    "preset-en-lines": "Preset template, English, as lines",
    "form-fields-raw": "Form with fields of your own",
    "form-fields-standard": "Form with fields, encoded",
    "form-key-only": "Form with the key alone",
    "cloudmonitor-alert": "CloudMonitor, alert",
    "cloudmonitor-ok": "CloudMonitor, OK",
    "pagerduty-v2": "PagerDuty's own event, v2",
    "pagerduty-v1": "PagerDuty's own event, v1",
    "pagerduty-change": "PagerDuty's own change event",
    "json-other": "Any other JSON",
    "json-broken": "JSON that a value has broken",
    "text-free": "Free text",
    "test-button": "The console's Test button",
    "test-button-content": "The console's Test button, $content",
    "test-button-unquoted": "The console's Test button, in JSON",
};

/// One webhook to try; its key is made up.
#[derive(Serialize)]
pub(crate) struct Sample {
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
    let samples = FILES.iter().filter_map(|(name, title, event)| {
        let event: Envelope = serde_json::from_str(event).ok()?;
        let query = Some(event.raw_query_string).filter(|query| !query.is_empty());
        let headers = event.headers.into_iter().filter(|(name, _)| {
            let is_carried = matches!(name.as_str(), "host" | "accept" | "accept-encoding" | "user-agent");
            !is_of_platform(name) && !is_carried
        });
        let decoded = || String::from_utf8(STANDARD.decode(&event.body).ok()?).ok();
        let body = if event.is_base64_encoded { decoded()? } else { event.body.clone() };
        Some(Sample {
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
