//! Whether a request may come in, by its head alone: path, method and token (without one: no web pages),
//! in this order.

use crate::config::Config;
use crate::error::Error;
use crate::event::Api;
use crate::request::{header_text, query_values};
use http::request::Parts;
use http::{Method, header};

/// The path of the health check.
const HEALTH_PATH: &str = "/healthz";

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Events for one of PagerDuty's APIs.
    Events(Api),
    /// The health check.
    Health,
}

/// What the request asks for, if it may.
///
/// # Errors
/// The refusals of path, method, token and web pages.
pub fn admit(config: &Config, head: &Parts) -> Result<Route, Error> {
    let route = route(head.uri.path()).ok_or(Error::UnknownPath)?;
    let (method, allow) = match route {
        Route::Health => (Method::GET, "GET"),
        Route::Events(_) => (Method::POST, "POST"),
    };
    if head.method != method {
        return Err(Error::WrongMethod { allow });
    }
    if route == Route::Health {
        return Ok(route);
    }
    if config.webhook_tokens.is_empty() {
        // Without a token, a web page in a browser on this machine or network could page people.
        let is_from_web_page = head.headers.contains_key(header::ORIGIN);
        if is_from_web_page && config.host.is_plain() {
            return Err(Error::WebPage);
        }
    } else if !knows_token(config, head) {
        return Err(Error::Unauthorized);
    }
    Ok(route)
}

/// What is at a path: our own short paths and PagerDuty's, so that a user changes only the host of the
/// Integration URL. Extra slashes come from a path that is pasted after a URL that ends in one.
#[must_use]
pub fn route(path: &str) -> Option<Route> {
    if path == HEALTH_PATH {
        return Some(Route::Health);
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let api = match parts.as_slice() {
        [] | ["v2"] | ["v2", "enqueue"] => Api::V2,
        ["change"] | ["v2", "change", "enqueue"] => Api::Change,
        ["v1"] | ["generic", "2010-04-15", "create_event.json"] => Api::V1,
        _ => return None,
    };
    Some(Route::Events(api))
}

fn knows_token(config: &Config, head: &Parts) -> bool {
    let candidates = token_candidates(head);
    // All are compared, so that the time does not show which one was close.
    let mut is_known = false;
    for candidate in &candidates {
        for token in &config.webhook_tokens {
            is_known |= token.matches(candidate);
        }
    }
    is_known
}

/// Every text of the head that may be the token.
fn token_candidates(head: &Parts) -> Vec<String> {
    let mut candidates = query_values(head, &["token"]);
    // A plus sign may have been pasted into the URL without encoding.
    let raw_pairs = head.uri.query().unwrap_or_default().split('&');
    candidates.extend(raw_pairs.filter_map(|pair| pair.strip_prefix("token=")).map(str::to_owned));
    for value in head.headers.get_all("x-webhook-token").iter().filter_map(header_text) {
        // One secret may hold `old,new` while the token is being changed, and a sender that is given the
        // secret sends both.
        candidates.extend(value.splitn(2, ',').map(|part| part.trim().to_owned()));
    }
    for value in head.headers.get_all(header::AUTHORIZATION).iter().filter_map(header_text) {
        if let Some((scheme, token)) = value.split_once(' ')
            && scheme.eq_ignore_ascii_case("bearer")
        {
            candidates.push(token.trim().to_owned());
        }
    }
    candidates
}
