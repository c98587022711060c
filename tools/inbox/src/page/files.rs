//! The page itself: plain files, built into the tool.

use super::typed;
use bytes::Bytes;
use http::Response;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const ICON: &str = "image/svg+xml";

const FILES: [(&str, &str, &str); 9] = [
    ("/", HTML, include_str!("../../page/index.html")),
    ("/style.css", CSS, include_str!("../../page/style.css")),
    ("/icon.svg", ICON, include_str!("../../page/icon.svg")),
    ("/app.js", SCRIPT, include_str!("../../page/app.js")),
    ("/dom.js", SCRIPT, include_str!("../../page/dom.js")),
    ("/lists.js", SCRIPT, include_str!("../../page/lists.js")),
    ("/webhook.js", SCRIPT, include_str!("../../page/webhook.js")),
    ("/compose.js", SCRIPT, include_str!("../../page/compose.js")),
    ("/fault.js", SCRIPT, include_str!("../../page/fault.js")),
];

/// The file at a path.
pub(super) fn get(path: &str) -> Option<Response<Bytes>> {
    let (_, content_type, text) = FILES.iter().find(|(at, _, _)| *at == path)?;
    Some(typed(content_type, Bytes::from_static(text.as_bytes())))
}
