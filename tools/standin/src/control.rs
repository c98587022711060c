//! What `standin serve` offers to this machine beside PagerDuty's paths: what arrived, and faults on demand, as JSON.
//!
//! - `GET /control/alerts`, `/control/changes`, `/control/requests`: the first two newest first, requests oldest first
//! - `PUT /control/fault`: an [`Order`]; with a `dedup_key` it is for the events of that key alone
//! - `POST /control/clear`: forgets what arrived; faults stay

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Order;
use crate::state::State;
use crate::{Received, Reply};

/// An order, and for which events.
#[derive(Deserialize)]
struct Keyed {
    #[serde(flatten)]
    order: Order,
    dedup_key: Option<String>,
}

/// The answer to a request of the control API; `None` where there is none, or for other paths.
pub(crate) fn answer(state: &State, method: &Method, path: &str, body: &[u8]) -> Option<Reply> {
    let path = path.strip_prefix("/control/").filter(|_| state.is_controlled())?;
    let shown = match (method, path) {
        (&Method::GET, "alerts") => json!(state.book().memory.alerts()),
        (&Method::GET, "changes") => json!(state.book().memory.changes()),
        (&Method::GET, "requests") => state.book().records.list().iter().map(request).collect(),
        (&Method::PUT, "fault") => {
            let keyed = serde_json::from_slice::<Keyed>(body).map_err(|error| error.to_string());
            let ordered = keyed.and_then(|Keyed { order, dedup_key }| {
                state.book().faults.order(&order, dedup_key.as_deref()).map_err(str::to_owned)
            });
            if let Err(message) = ordered {
                return Some(Reply::text(400, &message));
            }
            json!({})
        }
        (&Method::POST, "clear") => {
            state.clear();
            json!({})
        }
        _ => return Some(Reply::text(404, "Not Found")),
    };
    Some(Reply::json(200, &shown))
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
