//! The fields of a source's webhook, ready to paste.

mod other;

use super::Refusal;
use serde::Serialize;
use std::collections::HashMap;

const KEY: &str = "<32 characters>";

/// One field of the console's form.
#[derive(Serialize)]
pub(super) struct Field {
    /// Its name, in Chinese and in English.
    name: &'static str,
    /// What to paste.
    value: String,
}

/// All of them.
#[derive(Serialize)]
pub(super) struct Template {
    fields: Vec<Field>,
    /// What to know of this format.
    note: &'static str,
}

/// By the query's `api` (`v2`, `v1`, `change`) and `format`: one of ARMS's (`alertmanager`, `fields`, `preset`,
/// `key`) or another source's.
pub(super) fn template(query: &HashMap<String, String>) -> Result<Template, Refusal> {
    let value = |name: &str, default| query.get(name).map_or(default, String::as_str);
    let path = match value("api", "v2") {
        "v2" => "/v2/enqueue",
        "v1" => "/v1",
        "change" => "/change",
        _ => return Err(Refusal::bad("api is v2, v1 or change")),
    };
    let name = value("format", "alertmanager");
    if let Some(template) = other::template(name, path) {
        return Ok(template);
    }
    let format = Format::named(name).ok_or_else(|| {
        let others = other::NAMES.join(", ");
        Refusal::bad(format!("format is alertmanager, fields, preset, key, {others}"))
    })?;
    let mut fields = vec![
        field("Webhook名称 · Name", "PagerDuty".to_owned()),
        field("请求方法 · Method", "Post".to_owned()),
        field("URL", format!("https://<function URL host>{path}")),
    ];
    if let Some(content_type) = format.content_type {
        fields.push(field("Header", format!("Content-Type: {content_type}")));
    }
    if format.key_in_header {
        fields.push(field("Header", format!("x-integration-key: {KEY}")));
    }
    fields.push(field("Header", "x-webhook-token: <your WEBHOOK_TOKEN>".to_owned()));
    fields.push(field("通知模版 · Notification template", format.firing.to_owned()));
    fields.push(field("恢复模版 · Recovery template", format.recovery.to_owned()));
    Ok(Template { fields, note: format.note })
}

fn field(name: &'static str, value: String) -> Field {
    Field { name, value }
}

struct Format {
    content_type: Option<&'static str>,
    key_in_header: bool,
    firing: &'static str,
    recovery: &'static str,
    note: &'static str,
}

const ALERTMANAGER: Format = Format {
    content_type: Some("application/json"),
    key_in_header: false,
    firing: r#"{"integration_key":"<32 characters>","content":$alertmanager_content}"#,
    recovery: r#"{"integration_key":"<32 characters>","content":$alertmanager_content}"#,
    note: "The one to take: every alert with its labels, fingerprint and state, and its recovery. Without the header \
           Content-Type: application/json ARMS leaves $alertmanager_content unfilled.",
};

const FIELDS: &str = "integration_key=<32 characters>&status={{ .status }}&dedup_key={{ .alarmId }}&level={{ .level }}\n\
                      source={{ .commonLabels.clustername }}&startTime={{ .startTime }}\n\
                      summary={{ .commonLabels.alertname }}\n\
                      message={{ .commonAnnotations.message }}";

impl Format {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "alertmanager" => ALERTMANAGER,
            "fields" => Self {
                content_type: None,
                key_in_header: false,
                firing: FIELDS,
                recovery: FIELDS,
                note: "Fields of your own, as a form. Texts go last on their lines, for they run to the line's end.",
            },
            "preset" => Self {
                content_type: None,
                key_in_header: true,
                firing: "告警名称：{{ .commonLabels.alertname }}\n集群名称：{{ .commonLabels.clustername }}\n\
                         通知策略：{{ .dispatchRuleName }}\n告警时间：{{ .startTime }}\n\
                         告警内容：{{ .commonAnnotations.message }}",
                recovery: "告警名称：{{ .commonLabels.alertname }}\n集群名称：{{ .commonLabels.clustername }}\n\
                           通知策略：{{ .dispatchRuleName }}\n恢复时间：{{ .endTime }}\n\
                           告警内容：{{ .commonAnnotations.message }}",
                note: "ARMS's preset template: leave what the console has filled in, lines or JSON. The recovery is \
                       recognised by the name of its time alone. It carries no severity and no fingerprint.",
            },
            "key" => Self {
                content_type: None,
                key_in_header: false,
                firing: "integration_key=<32 characters>",
                recovery: "integration_key=<32 characters>",
                note: "Only the key, as ARMS's own guide has it: every notification pages anew, recoveries too, and \
                       nothing resolves, because the body names no alert and no state.",
            },
            _ => return None,
        })
    }
}
