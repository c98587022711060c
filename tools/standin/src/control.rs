//! What `standin serve` offers to this machine beside PagerDuty's paths: what arrived, and faults on demand, as JSON.
//!
//! - `GET /control/alerts`, `/control/changes`, `/control/requests`: the first two newest first, requests oldest first
//! - `PUT /control/fault`: an [`Order`]; with a `dedup_key` it is for the events of that key alone
//! - `POST /control/clear`: forgets what arrived; faults stay

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::book::{Book, Shared};
use crate::faults::Order;
use crate::{Received, Reply};

/// An order, and for which events.
#[derive(Deserialize)]
struct Keyed {
    #[serde(flatten)]
    order: Order,
    dedup_key: Option<String>,
}

/// The answer to a request of the control API; `None` where there is none, or for other paths.
pub(crate) fn answer(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Option<Reply> {
    let path = path.strip_prefix("/control/").filter(|_| shared.is_controlled)?;
    let shown = match (method, path) {
        (&Method::GET, "alerts") => {
            shared.book().memory.alerts.iter().rev().map(|alert| json!(alert)).collect()
        }
        (&Method::GET, "changes") => {
            shared.book().memory.changes.iter().rev().map(|change| json!(change)).collect()
        }
        (&Method::GET, "requests") => shared.book().requests.iter().map(request).collect(),
        (&Method::PUT, "fault") => match order(shared, body) {
            Ok(()) => json!({}),
            Err(message) => return Some(Reply::text(400, &message)),
        },
        (&Method::POST, "clear") => {
            shared.change(Book::clear);
            json!({})
        }
        _ => return Some(Reply::text(404, "Not Found")),
    };
    Some(Reply::json(200, &shown))
}

fn order(shared: &Shared, body: &[u8]) -> Result<(), String> {
    let Keyed { order, dedup_key } = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(shared.change(|book| book.faults.order(&order, dedup_key))?)
}

fn request(request: &Received) -> Value {
    json!({
        "number": request.number,
        "connection": request.connection,
        "method": request.method.as_str(),
        "path": request.path,
        "query": request.query,
        "api": request.api,
        "json": request.json,
        "status": request.status(),
    })
}
