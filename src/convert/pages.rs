//! The pages and images of an alert, and which URLs PagerDuty takes.

use super::said::Said;
use crate::event::{Image, Link};
use crate::webhook::{Alert, Notification, Origin};
use serde_json::Value;

const WEB_SCHEMES: [&str; 2] = ["http", "https"];

/// The alert's pages, each once.
pub(super) fn links(alert: &Alert, notification: &Notification, said: Said) -> Vec<Link> {
    let origin = alert.origin.unwrap_or(notification.origin);
    let alert_page = match origin {
        Origin::Arms => "Alert in ARMS",
        Origin::Alertmanager => "Alertmanager",
        Origin::Grafana => "Grafana",
        _ => "Alert",
    };
    let mut pages = Vec::new();
    pages.extend(notification.external_url.as_deref().map(|url| (alert_page, url)));
    pages.extend(alert.generator_url.as_deref().map(|url| ("Alert rule", url)));
    pages.extend(alert.links.iter().map(|(text, url)| (*text, url.as_str())));
    let runbook = notification.common_annotations.get("runbook_url").and_then(Value::as_str);
    pages.extend(runbook.map(|url| ("Runbook", url)));
    pages.extend(said.get("link").map(|url| ("Link", url)));
    let mut links: Vec<Link> = Vec::new();
    for (text, url) in pages {
        if let Some(href) = web_url(url)
            && !links.iter().any(|link| link.href == href)
        {
            links.push(Link { href, text: Some(text.to_owned()) });
        }
    }
    links
}

pub(super) fn images(alert: &Alert) -> Vec<Image> {
    let mut images = Vec::new();
    for url in &alert.images {
        images.extend(image_url(url).map(|src| Image { src, href: None, alt: None }));
    }
    images
}

/// An http or https URL; PagerDuty refuses an event with a blank one.
pub(super) fn web_url(url: &str) -> Option<String> {
    url_of(url, &WEB_SCHEMES)
}

/// An https URL, which is what PagerDuty takes for an image.
pub(super) fn image_url(url: &str) -> Option<String> {
    url_of(url, &["https"])
}

fn url_of(url: &str, schemes: &[&str]) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let has_host = !rest.is_empty() && !rest.starts_with(['/', '?', '#']);
    let is_clean = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    (is_web && has_host && is_clean).then(|| url.to_owned())
}
