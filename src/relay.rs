//! The one handler: a request in, an answer out.

use crate::answer::{self, Failed};
use crate::config::{Config, Level};
use crate::convert::{self, Circumstances};
use crate::error::Error;
use crate::event::Api;
use crate::log::{Log, RequestLine, milliseconds};
use crate::pagerduty::Sender;
use crate::secret::{IntegrationKey, KeyFault, Mask};
use crate::webhook::{self, Content, KEY_NAMES, Placeholder};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, header};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The largest body, in bytes: what a function URL can pass on (AWS, "Lambda quotas").
pub const BODY_MAX_BYTES: usize = 6 * 1024 * 1024;
/// What is left of an invocation after delivery: to answer and to log.
const RESERVE: Duration = Duration::from_millis(500);
/// ARMS waits 5 s for the Test button's answer; some of that is the network's.
const TEST_WITHIN: Duration = Duration::from_millis(3_500);
/// Where the health check is.
const HEALTH_PATH: &str = "/healthz";

/// What the host knows of a request besides the request.
pub struct Invocation {
    /// Its id: the same when the platform sends it again.
    pub request_id: String,
    /// How long the platform lets it run; `None` where nobody says.
    pub time_left: Option<Duration>,
}

/// The handler with all that it needs.
pub struct Relay {
    config: Config,
    sender: Sender,
    log: Log,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Events(Api),
    Health,
}

impl Relay {
    /// Builds the handler.
    ///
    /// # Errors
    /// What `reqwest` says of a client that cannot be built.
    pub fn new(config: Config, log: Log) -> Result<Self, reqwest::Error> {
        let sender = Sender::new(config.events_url.clone())?;
        Ok(Self { config, sender, log })
    }

    /// Whether the head alone is enough to refuse the request, so that its body need not be kept.
    #[must_use]
    pub fn refuses(&self, head: &Parts) -> bool {
        self.admit(head).is_err()
    }

    /// Answers a request. Never fails: whatever goes wrong is an answer.
    pub async fn handle(&self, request: Request<Bytes>, invocation: &Invocation) -> Response<Bytes> {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let result = match self.admit(&head) {
            Ok(Route::Health) => Ok((answer::health(), 0)),
            Ok(Route::Events(api)) => {
                let relayed = self.relay(api, &head, body, invocation).await;
                relayed.map_err(|error| (error, Some(Failed(error.status()))))
            }
            Err(error) => Err((error, None)),
        };
        match result {
            Ok((response, events)) => {
                let line = RequestLine::new(invocation, &response, started.elapsed());
                self.log_request(RequestLine { events, ..line }, Some(&head));
                response
            }
            Err((error, failed)) => self.refuse(error, failed, Some(&head), invocation),
        }
    }

    /// Answers a request whose body did not arrive.
    #[must_use]
    pub fn refuse_incomplete(&self, head: &Parts, invocation: &Invocation) -> Response<Bytes> {
        let (error, failed) = match self.admit(head) {
            Ok(_) => (Error::BodyIncomplete, Some(Failed(Error::BodyIncomplete.status()))),
            Err(error) => (error, None),
        };
        self.refuse(error, failed, Some(head), invocation)
    }

    /// Answers an invocation that is no request.
    #[must_use]
    pub fn refuse_shape(&self, invocation: &Invocation) -> Response<Bytes> {
        self.refuse(Error::NotHttp, None, None, invocation)
    }

    fn refuse(
        &self,
        error: Error,
        failed: Option<Failed>,
        head: Option<&Parts>,
        invocation: &Invocation,
    ) -> Response<Bytes> {
        let mut response = answer::of_error(error);
        if let Some(failed) = failed {
            response.extensions_mut().insert(failed);
        }
        let line = RequestLine::new(invocation, &response, Duration::ZERO);
        self.log_request(RequestLine { webhooks_refused: 1, error: Some(error.to_string()), ..line }, head);
        response
    }

    /// Path, method and token, in this order.
    fn admit(&self, head: &Parts) -> Result<Route, Error> {
        let route = route(head.uri.path()).ok_or(Error::UnknownPath)?;
        let allow = match route {
            Route::Health => Method::GET,
            Route::Events(_) => Method::POST,
        };
        if head.method != allow {
            let allow = if allow == Method::GET { "GET" } else { "POST" };
            return Err(Error::WrongMethod { allow });
        }
        let open = self.config.webhook_tokens.is_empty() || route == Route::Health;
        if open || self.knows_token(head) { Ok(route) } else { Err(Error::Unauthorized) }
    }

    fn knows_token(&self, head: &Parts) -> bool {
        let mut candidates: Vec<String> = query_values(head, &["token"]);
        // A plus sign that somebody pasted into the URL as it is.
        let raw = head.uri.query().unwrap_or_default().split('&');
        candidates.extend(raw.filter_map(|pair| pair.strip_prefix("token=")).map(str::to_owned));
        candidates.extend(head.headers.get_all("x-webhook-token").iter().filter_map(header_text));
        for value in head.headers.get_all(header::AUTHORIZATION).iter().filter_map(header_text) {
            if let Some((scheme, token)) = value.split_once(' ')
                && scheme.eq_ignore_ascii_case("bearer")
            {
                candidates.push(token.trim().to_owned());
            }
        }
        // All are compared, so that the time tells nothing of which one was near.
        let matches = |candidate: &String| {
            let known = self.config.webhook_tokens.iter().map(|token| token.matches(candidate));
            known.fold(false, |any, known| any | known)
        };
        candidates.iter().map(matches).fold(false, |any, known| any | known)
    }

    async fn relay(
        &self,
        api: Api,
        head: &Parts,
        body: Bytes,
        invocation: &Invocation,
    ) -> Result<(Response<Bytes>, usize), Error> {
        let started = Instant::now();
        if body.len() > BODY_MAX_BYTES {
            return Err(Error::TooLarge);
        }
        let text = String::from_utf8_lossy(&body);
        if text.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(Error::EmptyBody);
        }
        let content_type = content_type(&head.headers);
        let webhook = webhook::parse(&text, &content_type);
        // A large body is not kept beside what was read from it.
        drop(text);
        drop(body);
        let key = self.key(webhook.key, webhook.key_in_text, head)?;
        if api == Api::Change && key.is_ruleset() {
            return Err(Error::Key(KeyFault::Ruleset));
        }
        let mask =
            Mask::new([&key].into_iter().chain(&self.config.integration_key), &self.config.webhook_tokens);
        let mut within = self.deliver_within(invocation.time_left);
        let events = match webhook.content {
            Content::Test(Placeholder::AlertmanagerContent) if content_type != "application/json" => {
                return Err(Error::PlaceholderWithoutHeader);
            }
            Content::Test(_) => {
                within = within.min(TEST_WITHIN);
                vec![convert::test_event()]
            }
            Content::Notification(notification) => {
                let circumstances = Circumstances {
                    now: SystemTime::now(),
                    request_id: &invocation.request_id,
                    api,
                    default_severity: self.config.default_severity,
                    event_per: self.config.event_per,
                    mask: &mask,
                };
                convert::convert(*notification, &circumstances)?
            }
        };
        let deliveries = self.sender.deliver(api, &key, events, started + within).await;
        for delivery in &deliveries {
            self.log.event(&invocation.request_id, &key.masked(), api, delivery, &mask);
        }
        Ok((answer::of_deliveries(api, &deliveries, &mask), deliveries.len()))
    }

    /// The key from the body, else the query, else the header, else the setting, else the text.
    fn key(
        &self,
        in_body: Result<Option<IntegrationKey>, KeyFault>,
        in_text: Option<IntegrationKey>,
        head: &Parts,
    ) -> Result<IntegrationKey, Error> {
        if let Some(key) = in_body.map_err(Error::Key)? {
            return Ok(key);
        }
        let in_query = query_values(head, &KEY_NAMES);
        let in_header = head.headers.get("x-integration-key").and_then(header_text);
        if let Some(text) = in_query.into_iter().chain(in_header).find(|text| !text.trim().is_empty()) {
            return IntegrationKey::parse(&text).map_err(Error::Key);
        }
        self.config.integration_key.clone().or(in_text).ok_or(Error::Key(KeyFault::Missing))
    }

    /// How long events may be tried.
    fn deliver_within(&self, time_left: Option<Duration>) -> Duration {
        // An invocation about to end still gets its one attempt.
        let bound =
            time_left.map(|left| if left > RESERVE { left.saturating_sub(RESERVE) } else { left / 2 });
        bound.map_or(self.config.deliver_within, |bound| bound.min(self.config.deliver_within))
    }

    fn log_request<'a>(&self, mut line: RequestLine<'a>, head: Option<&'a Parts>) {
        let route = head.and_then(|head| route(head.uri.path()));
        line.method = head.map(|head| method_name(&head.method));
        // Another path than ours could hold anything.
        line.path = head.map(|head| head.uri.path()).filter(|_| route.is_some());
        let level = if route == Some(Route::Health) { Level::Debug } else { Level::Info };
        self.log.request(level, &line);
    }
}

impl<'a> RequestLine<'a> {
    fn new(invocation: &'a Invocation, response: &Response<Bytes>, elapsed: Duration) -> Self {
        Self {
            request_id: &invocation.request_id,
            method: None,
            path: None,
            status: response.status().as_u16(),
            events: 0,
            webhooks: 1,
            webhooks_refused: 0,
            milliseconds: milliseconds(elapsed),
            error: None,
        }
    }
}

/// A method that somebody made up could hold anything.
fn method_name(method: &Method) -> &str {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
    ];
    if known.contains(method) { method.as_str() } else { "other" }
}

/// Our own short paths and PagerDuty's: a user changes only the host of the Integration URL. Slashes
/// too many are how a path is pasted behind a URL that ends in one.
fn route(path: &str) -> Option<Route> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] | ["v2"] | ["v2", "enqueue"] => Some(Route::Events(Api::V2)),
        ["change"] | ["v2", "change", "enqueue"] => Some(Route::Events(Api::Change)),
        ["v1"] | ["generic", "2010-04-15", "create_event.json"] => Some(Route::Events(Api::V1)),
        _ if path == HEALTH_PATH => Some(Route::Health),
        _ => None,
    }
}

fn query_values(head: &Parts, names: &[&str]) -> Vec<String> {
    let query = head.uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value.into_owned()).collect()
}

fn header_text(value: &http::HeaderValue) -> Option<String> {
    value.to_str().ok().map(|text| text.trim().to_owned())
}

/// The media type in lower case, without parameters.
fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(header_text).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
