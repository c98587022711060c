//! The one handler: a request in, an answer out.

use crate::answer::{self, Failed};
use crate::config::{Config, Level};
use crate::error::Error;
use crate::event::Api;
use crate::intake::{self, Arrival, Prepared, header_text, query_values};
use crate::log::{Log, RequestLine, milliseconds};
use crate::pagerduty::Sender;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, header};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// What is left of an invocation after delivery: to answer and to log.
const RESERVE: Duration = Duration::from_millis(500);
/// What one attempt may need: an invocation about to end still gets it, or half of what is left.
const ATTEMPT: Duration = Duration::from_millis(100);
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
        let arrival = Arrival::new(api, head, &invocation.request_id, SystemTime::now());
        let Prepared { key, events, is_test, mask, .. } =
            intake::prepare(&self.config, &arrival, head, body)?;
        // A large body takes time to read; what is left counts from here.
        let time_left = invocation.time_left.map(|left| left.saturating_sub(started.elapsed()));
        let mut within = self.deliver_within(time_left);
        if is_test {
            within = within.min(TEST_WITHIN);
        }
        let deliveries = self.sender.deliver(api, &key, events, Instant::now() + within).await;
        for delivery in &deliveries {
            self.log.event(&invocation.request_id, &key.masked(), api, delivery, &mask);
        }
        Ok((answer::of_deliveries(api, &deliveries, &mask), deliveries.len()))
    }

    /// How long events may be tried.
    fn deliver_within(&self, time_left: Option<Duration>) -> Duration {
        let bound = time_left.map(|left| left.saturating_sub(RESERVE).max(ATTEMPT.min(left / 2)));
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

fn route(path: &str) -> Option<Route> {
    if path == HEALTH_PATH { Some(Route::Health) } else { intake::api_at(path).map(Route::Events) }
}
