//! The fields of a source's webhook, ready to paste.

use crate::page::Refusal;
use serde::Serialize;
use std::collections::HashMap;

/// The placeholder for what only the reader knows; the page fills them in.
const KEY: &str = "<32 characters>";
const TOKEN: &str = "<your WEBHOOK_TOKEN>";
const HOST: &str = "https://<function URL host>";

const ALERTMANAGER: &str = r#"{"integration_key":"{key}","content":$alertmanager_content}"#;
const FIELDS: &str = "integration_key={key}&status={{ .status }}&dedup_key={{ .alarmId }}&level={{ .level }}\n\
                      source={{ .commonLabels.clustername }}&startTime={{ .startTime }}\n\
                      summary={{ .commonLabels.alertname }}\n\
                      message={{ .commonAnnotations.message }}";
const PRESET: &str = "告警名称：{{ .commonLabels.alertname }}\n集群名称：{{ .commonLabels.clustername }}\n\
                      通知策略：{{ .dispatchRuleName }}\n告警时间：{{ .startTime }}\n\
                      告警内容：{{ .commonAnnotations.message }}";
const PRESET_RECOVERY: &str = "告警名称：{{ .commonLabels.alertname }}\n集群名称：{{ .commonLabels.clustername }}\n\
                               通知策略：{{ .dispatchRuleName }}\n恢复时间：{{ .endTime }}\n\
                               告警内容：{{ .commonAnnotations.message }}";
const KEY_ALONE: &str = "integration_key={key}";
const ALERTMANAGER_YML: &str = "- name: pagerduty\n  webhook_configs:\n    - url: {url}?integration_key={key}\n      \
                                send_resolved: true\n      http_config:\n        authorization:\n          \
                                credentials: {token}";
const KUBE_EVENTER: &str = "--sink=webhook:{url_with_key}&level=Warning&method=POST&\
                            header=Content-Type=application/json&custom_body_configmap=arms-pagerduty&\
                            custom_body_configmap_namespace=kube-system";
const KUBE_EVENTER_BODY: &str = r#"{"EventType":"{{ .Type }}","EventKind":"{{ .InvolvedObject.Kind }}","EventReason":"{{ .Reason }}",
"EventNamespace":"{{ .InvolvedObject.Namespace }}","EventName":"{{ .InvolvedObject.Name }}",
"EventTime":"{{ .LastTimestamp }}","EventMessage":"{{ .Message }}"}"#;

const URL: (&str, &str) = ("URL", "{url}");
const HEADER_KEY: (&str, &str) = ("Header", "x-integration-key: {key}");
const HEADER_TOKEN: (&str, &str) = ("Header", "x-webhook-token: {token}");
const ARMS_NAME: (&str, &str) = ("Webhook名称 · Name", "PagerDuty");
const ARMS_METHOD: (&str, &str) = ("请求方法 · Method", "Post");
const ARMS_FIRING: &str = "通知模版 · Notification template";
const ARMS_RECOVERY: &str = "恢复模版 · Recovery template";

/// What is pasted in one format: the names of the form's fields, in Chinese and in English, with their values.
struct Format {
    name: &'static str,
    fields: &'static [(&'static str, &'static str)],
    /// What to know of it.
    note: &'static str,
}

/// First ARMS's own formats. Most of the other sources have a body of their own, so that only the URL and the headers
/// are set.
const FORMATS: [Format; 12] = [
    Format {
        name: "alertmanager",
        fields: &[
            ARMS_NAME,
            ARMS_METHOD,
            URL,
            ("Header", "Content-Type: application/json"),
            HEADER_TOKEN,
            (ARMS_FIRING, ALERTMANAGER),
            (ARMS_RECOVERY, ALERTMANAGER),
        ],
        note: "The one to take: every alert with its labels, fingerprint and state, and its recovery. Without the header \
               Content-Type: application/json ARMS leaves $alertmanager_content unfilled.",
    },
    Format {
        name: "fields",
        fields: &[ARMS_NAME, ARMS_METHOD, URL, HEADER_TOKEN, (ARMS_FIRING, FIELDS), (ARMS_RECOVERY, FIELDS)],
        note: "Fields of your own, as a form. Texts go last on their lines, for they run to the line's end.",
    },
    Format {
        name: "preset",
        fields: &[
            ARMS_NAME,
            ARMS_METHOD,
            URL,
            HEADER_KEY,
            HEADER_TOKEN,
            (ARMS_FIRING, PRESET),
            (ARMS_RECOVERY, PRESET_RECOVERY),
        ],
        note: "ARMS's preset template: leave what the console has filled in, lines or JSON. The recovery is \
               recognised by the name of its time alone. It carries no severity and no fingerprint.",
    },
    Format {
        name: "key",
        fields: &[
            ARMS_NAME,
            ARMS_METHOD,
            URL,
            HEADER_TOKEN,
            (ARMS_FIRING, KEY_ALONE),
            (ARMS_RECOVERY, KEY_ALONE),
        ],
        note: "Only the key, as ARMS's own guide has it: every notification pages anew, recoveries too, and \
               nothing resolves, because the body names no alert and no state.",
    },
    Format {
        name: "cloudmonitor",
        fields: &[("报警回调 · Alert callback", "{url_with_key}")],
        note: "In the alert rule. The callback has no headers, so the key and the token are in the URL. The recovery comes \
               by itself, as OK.",
    },
    Format {
        name: "cloudmonitor-events",
        fields: &[
            ("目标类型 · Target type", "Webhook"),
            ("请求方式 · Request method", "POST"),
            ("数据格式 · Data format", "JSON"),
            ("地址 · Address", "{url_with_key}"),
        ],
        note: "事件中心 > 事件订阅 > 推送渠道 (Event Center > Event Subscription > Push Channel). An event resolves when a \
               later one says that it is over, such as Disk:Stalled:Executed.",
    },
    Format {
        name: "cloudmonitor2",
        fields: &[URL, HEADER_KEY, HEADER_TOKEN],
        note: "告警中心 > 通知管理 > 通知对象 (Alert Center > Notification Management > Notification Objects). There is no \
               body template. Where the form has no headers, write ?integration_key=…&token=… behind the URL.",
    },
    Format {
        name: "sls",
        fields: &[
            ("类型 · Type", "通用Webhook"),
            ("请求方法 · Request method", "POST"),
            ("请求地址 · Request URL", "{url}"),
            HEADER_KEY,
            HEADER_TOKEN,
        ],
        note: "告警 > 通知对象 > Webhook集成 (Alerts > Notification Objects > Webhook Integration). Leave the default content: \
               it has the severity, the links and what identifies the alert.",
    },
    Format {
        name: "eventbridge",
        fields: &[("URL", "{url_with_key}"), ("Body", "完整事件 · Complete event")],
        note: "The target HTTP/HTTPS of an event rule. Narrow the rule's event pattern: every event that matches pages.",
    },
    Format {
        name: "prometheus",
        fields: &[("alertmanager.yml · receivers", ALERTMANAGER_YML)],
        note: "Alertmanager's own webhook. send_resolved is on by default; without it nothing resolves.",
    },
    Format {
        name: "grafana",
        fields: &[
            ("Integration", "Webhook"),
            URL,
            ("HTTP Method", "POST"),
            ("Authentication Header Credentials", "{token}"),
            ("Extra Headers", "x-integration-key: {key}"),
        ],
        note: "Alerting > Contact points. Leave the payload as it is. Grafana before version 12 has no extra headers: \
               write ?integration_key=… behind the URL.",
    },
    Format {
        name: "kube-eventer",
        fields: &[
            ("--sink", KUBE_EVENTER),
            ("ConfigMap kube-system/arms-pagerduty · content", KUBE_EVENTER_BODY),
            ("Setting of the function", "SUCCESS_STATUS=200"),
        ],
        note: "kube-eventer sends GET unless method=POST is set, and takes only 200 for success. Its own body names no \
               object, so that every event would page anew; the ConfigMap adds the namespace and the name. Events never \
               resolve: switch auto-resolution on in PagerDuty.",
    },
];

/// One field of the form.
#[derive(Serialize)]
struct Field {
    name: &'static str,
    /// What to paste.
    value: String,
}

/// All of them.
#[derive(Serialize)]
pub(crate) struct Template {
    fields: Vec<Field>,
    note: &'static str,
}

/// By the query's `api` (`v2`, `v1`, `change`) and `format`.
pub(crate) fn template(query: &HashMap<String, String>) -> Result<Template, Refusal> {
    let value = |name: &str, default| query.get(name).map_or(default, String::as_str);
    let path = match value("api", "v2") {
        "v2" => "/v2/enqueue",
        "v1" => "/v1",
        "change" => "/change",
        _ => return Err(Refusal::bad("api is v2, v1 or change")),
    };
    let name = value("format", "alertmanager");
    let format = FORMATS.iter().find(|format| format.name == name).ok_or_else(|| {
        let names = FORMATS.iter().map(|format| format.name).collect::<Vec<_>>();
        Refusal::bad(format!("format is {}", names.join(", ")))
    })?;
    let url = format!("{HOST}{path}");
    let parts = [
        ("{url_with_key}", format!("{url}?integration_key={KEY}&token={TOKEN}")),
        ("{url}", url),
        ("{key}", KEY.to_owned()),
        ("{token}", TOKEN.to_owned()),
    ];
    let filled =
        |value: &str| parts.iter().fold(value.to_owned(), |value, (part, text)| value.replace(part, text));
    let fields = format.fields.iter().map(|(name, value)| Field { name, value: filled(value) });
    Ok(Template { fields: fields.collect(), note: format.note })
}
