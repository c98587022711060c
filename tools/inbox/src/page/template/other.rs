//! What to paste at the sources other than ARMS. Most of them have a body of their own, so that only the URL and the
//! headers are set.

use super::{Field, KEY, Template, field};

/// The sources.
pub(super) const NAMES: [&str; 8] = [
    "cloudmonitor",
    "cloudmonitor-events",
    "cloudmonitor2",
    "sls",
    "eventbridge",
    "prometheus",
    "grafana",
    "kube-eventer",
];

const TOKEN: &str = "<your WEBHOOK_TOKEN>";
const KUBE_EVENTER_BODY: &str = r#"{"EventType":"{{ .Type }}","EventKind":"{{ .InvolvedObject.Kind }}","EventReason":"{{ .Reason }}",
"EventNamespace":"{{ .InvolvedObject.Namespace }}","EventName":"{{ .InvolvedObject.Name }}",
"EventTime":"{{ .LastTimestamp }}","EventMessage":"{{ .Message }}"}"#;

/// The fields for a source of this name, and the function's path.
pub(super) fn template(name: &str, path: &str) -> Option<Template> {
    let bare = format!("https://<function URL host>{path}");
    let with_key = format!("{bare}?integration_key={KEY}&token={TOKEN}");
    let headers = || {
        let pairs = [("x-integration-key", KEY), ("x-webhook-token", TOKEN)];
        pairs.map(|(name, value)| field("Header", format!("{name}: {value}")))
    };
    let (fields, note) = match name {
        "cloudmonitor" => (
            vec![field("报警回调 · Alert callback", with_key)],
            "In the alert rule. The callback has no headers, so the key and the token are in the URL. The recovery comes \
             by itself, as OK.",
        ),
        "cloudmonitor-events" => (
            vec![
                field("目标类型 · Target type", "Webhook".to_owned()),
                field("请求方式 · Request method", "POST".to_owned()),
                field("数据格式 · Data format", "JSON".to_owned()),
                field("地址 · Address", with_key),
            ],
            "事件中心 > 事件订阅 > 推送渠道 (Event Center > Event Subscription > Push Channel). An event resolves when a \
             later one says that it is over, such as Disk:Stalled:Executed.",
        ),
        "cloudmonitor2" => (
            with_headers(vec![field("URL", bare)], headers()),
            "告警中心 > 通知管理 > 通知对象 (Alert Center > Notification Management > Notification Objects). There is no \
             body template. Where the form has no headers, write ?integration_key=…&token=… behind the URL.",
        ),
        "sls" => (
            with_headers(
                vec![
                    field("类型 · Type", "通用Webhook".to_owned()),
                    field("请求方法 · Request method", "POST".to_owned()),
                    field("请求地址 · Request URL", bare),
                ],
                headers(),
            ),
            "告警 > 通知对象 > Webhook集成 (Alerts > Notification Objects > Webhook Integration). Leave the default content: \
             it has the severity, the links and what identifies the alert.",
        ),
        "eventbridge" => (
            vec![field("URL", with_key), field("Body", "完整事件 · Complete event".to_owned())],
            "The target HTTP/HTTPS of an event rule. Narrow the rule's event pattern: every event that matches pages.",
        ),
        "prometheus" => (
            vec![field("alertmanager.yml · receivers", alertmanager(&bare))],
            "Alertmanager's own webhook. send_resolved is on by default; without it nothing resolves.",
        ),
        "grafana" => (
            vec![
                field("Integration", "Webhook".to_owned()),
                field("URL", bare),
                field("HTTP Method", "POST".to_owned()),
                field("Authentication Header Credentials", TOKEN.to_owned()),
                field("Extra Headers", format!("x-integration-key: {KEY}")),
            ],
            "Alerting > Contact points. Leave the payload as it is. Grafana before version 12 has no extra headers: \
             write ?integration_key=… behind the URL.",
        ),
        "kube-eventer" => (
            vec![
                field("--sink", kube_eventer(&with_key)),
                field("ConfigMap kube-system/arms-pagerduty · content", KUBE_EVENTER_BODY.to_owned()),
                field("Setting of the function", "SUCCESS_STATUS=200".to_owned()),
            ],
            "kube-eventer sends GET unless method=POST is set, and takes only 200 for success. Its own body names no \
             object, so that every event would page anew; the ConfigMap adds the namespace and the name. Events never \
             resolve: switch auto-resolution on in PagerDuty.",
        ),
        _ => return None,
    };
    Some(Template { fields, note })
}

fn with_headers(mut fields: Vec<Field>, headers: [Field; 2]) -> Vec<Field> {
    fields.extend(headers);
    fields
}

fn alertmanager(url: &str) -> String {
    format!(
        "- name: pagerduty\n  webhook_configs:\n    - url: {url}?integration_key={KEY}\n      send_resolved: true\n      \
         http_config:\n        authorization:\n          credentials: {TOKEN}"
    )
}

fn kube_eventer(url: &str) -> String {
    format!(
        "--sink=webhook:{url}&level=Warning&method=POST&header=Content-Type=application/json\
         &custom_body_configmap=arms-pagerduty&custom_body_configmap_namespace=kube-system"
    )
}
