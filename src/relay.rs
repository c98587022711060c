//! The one handler: admit, prepare, deliver, answer.

use crate::admit::{self, Route};
use crate::answer::{self, Answer};
use crate::config::{Config, Level};
use crate::deliver::{Delivery, Handed, Way};
use crate::error::Error;
use crate::event::Api;
use crate::in_flight::InFlight;
use crate::log::{Log, RequestLine, milliseconds};
use crate::prepare::{self, Arrival, Prepared};
use crate::worker::Worker;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// What is left of an invocation after delivery, to answer and to log.
const RESERVE: Duration = Duration::from_millis(500);
/// What one attempt may need: an invocation near its end still gets this, or half of what is left.
const ATTEMPT: Duration = Duration::from_millis(100);
/// How long the console's test may take. ARMS waits 5 s, some of which the network needs.
const TEST_WITHIN: Duration = Duration::from_millis(3_500);

/// What the host knows about a request besides the request.
pub struct Invocation {
    /// Its id, which stays the same when the platform sends it again.
    pub request_id: String,
    /// When the platform ends it; `None` if it does not.
    pub deadline: Option<Instant>,
}

/// Bodies over this size are read by a thread of their own.
const LARGE_BYTES: usize = 256 * 1024;

/// The handler with everything that it needs.
pub struct Relay {
    config: Arc<Config>,
    /// Held while a large body is read: they take turns.
    large: Semaphore,
    way: Way,
    in_flight: InFlight,
    log: Log,
}

impl Relay {
    /// Builds the handler.
    ///
    /// # Errors
    /// What `reqwest` reports if a client cannot be built.
    pub fn new(mut config: Config, log: Log) -> Result<Self, reqwest::Error> {
        let way = Way::new(&mut config)?;
        let (config, large) = (Arc::new(config), Semaphore::new(1));
        Ok(Self { config, large, way, in_flight: InFlight::default(), log })
    }

    /// Handles a whole request. It never fails: whatever goes wrong is an answer.
    pub async fn handle(&self, request: Request<Bytes>, invocation: &Invocation) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let route = self.admit(&head);
        self.answer(route, &head, body, invocation).await.response
    }

    /// Decides by the head alone whether the request may come in.
    ///
    /// # Errors
    /// The refusals of path, method and token.
    pub fn admit(&self, head: &Parts) -> Result<Route, Error> {
        admit::admit(&self.config, head)
    }

    /// Answers a request that [`Self::admit`] has let in or refused.
    pub async fn answer(
        &self,
        route: Result<Route, Error>,
        head: &Parts,
        body: Bytes,
        invocation: &Invocation,
    ) -> Answer {
        let started = Instant::now();
        let api = match route {
            Ok(Route::Events(api)) => api,
            Ok(Route::Health) => return self.health(head, invocation),
            Err(error) => return self.refuse(error, Some(head), invocation),
        };
        let prepared = match self.prepare_beside(api, head, body, invocation).await {
            Ok(prepared) => prepared,
            Err(error) => return self.fail(error, head, invocation),
        };
        let deliveries = self.deliver(&prepared, invocation).await;
        self.finish(&prepared, &deliveries, head, invocation, started)
    }

    /// Turns an admitted request into finished parcels, without sending anything.
    ///
    /// # Errors
    /// Every refusal of size, body and key.
    pub fn prepare(
        &self,
        api: Api,
        head: &Parts,
        body: Bytes,
        invocation: &Invocation,
    ) -> Result<Prepared, Error> {
        let arrival = Arrival::new(api, head, &invocation.request_id, SystemTime::now());
        prepare::prepare(&self.config, &arrival, head, body)
    }

    /// The same without holding up other requests: a large body is read by a thread of its own.
    async fn prepare_beside(
        &self,
        api: Api,
        head: &Parts,
        body: Bytes,
        invocation: &Invocation,
    ) -> Result<Prepared, Error> {
        if body.len() <= LARGE_BYTES {
            return self.prepare(api, head, body, invocation);
        }
        // One at a time, for what is read from a large body takes a multiple of its memory. It fails only
        // if the semaphore is closed, and no code closes it.
        let _turn = self.large.acquire().await;
        let arrival = Arrival::new(api, head, &invocation.request_id, SystemTime::now());
        let (config, head) = (Arc::clone(&self.config), head.clone());
        let reading = spawn_blocking(move || prepare::prepare(&config, &arrival, &head, body));
        // It can end in no other way: a panic would end the process.
        reading.await.unwrap_or(Err(Error::NoAnswerInTime))
    }

    /// What handles the messages of the queue; `None` if there is none.
    #[must_use]
    pub fn worker(&self) -> Option<Worker<'_>> {
        match &self.way {
            Way::Stored(stored) => Some(Worker::new(&self.config, stored, &self.log)),
            Way::Straight(_) => None,
        }
    }

    /// Hands the parcels over and logs what became of each.
    pub async fn deliver(&self, prepared: &Prepared, invocation: &Invocation) -> Vec<Delivery> {
        let now = Instant::now();
        let mut within =
            self.deliver_within(invocation.deadline.map(|end| end.saturating_duration_since(now)));
        if prepared.is_test {
            within = within.min(TEST_WITHIN);
        }
        let in_flight = self.in_flight.enter(&invocation.request_id, &prepared.parcels);
        let ended = |delivery: &Delivery| {
            self.log.event(&invocation.request_id, delivery, &prepared.mask);
            in_flight.settle(&delivery.parcel);
        };
        let (parcels, id) = (prepared.parcels.clone(), &invocation.request_id);
        // The test is to show that PagerDuty can be reached, so it is not stored.
        let handed = self.way.deliver(parcels, id, prepared.is_test, now + within, &ended).await;
        let Handed { deliveries, unstored } = handed;
        if let Some(unstored) = unstored {
            self.log.unstored(id, &unstored);
        }
        deliveries
    }

    /// Logs every event that has no outcome yet as undelivered: the process is about to end.
    pub fn abandon(&self) {
        for (request_id, parcel) in self.in_flight.take_all() {
            self.log.abandoned(&request_id, &parcel);
        }
    }

    /// Answers and logs a request whose parcels have been delivered or given up.
    #[must_use]
    pub fn finish(
        &self,
        prepared: &Prepared,
        deliveries: &[Delivery],
        head: &Parts,
        invocation: &Invocation,
        started: Instant,
    ) -> Answer {
        let answer = answer::of_deliveries(deliveries, prepared.left, &prepared.mask)
            .with_success_status(self.config.success_status);
        let line = RequestLine {
            events: deliveries.len(),
            milliseconds: milliseconds(started.elapsed()),
            ..RequestLine::new(&invocation.request_id, &answer)
        };
        self.log_request(line, Some(head));
        answer
    }

    /// Answers a request whose body did not arrive in time.
    #[must_use]
    pub fn answer_incomplete(
        &self,
        route: Result<Route, Error>,
        head: &Parts,
        within: Duration,
        invocation: &Invocation,
    ) -> Answer {
        match route {
            Ok(_) => self.fail(Error::BodyIncomplete { within }, head, invocation),
            Err(error) => self.refuse(error, Some(head), invocation),
        }
    }

    /// Answers an invocation that is not a request.
    #[must_use]
    pub fn answer_unknown_shape(&self, invocation: &Invocation) -> Answer {
        self.refuse(Error::NotHttp, None, invocation)
    }

    /// Answers an admitted request that is refused for its body or key. A platform may count it as
    /// failed and send it again.
    #[must_use]
    pub fn fail(&self, error: Error, head: &Parts, invocation: &Invocation) -> Answer {
        let answer = self.refuse(error, Some(head), invocation);
        Answer { failed: Some(error.status()), ..answer }
    }

    fn refuse(&self, error: Error, head: Option<&Parts>, invocation: &Invocation) -> Answer {
        let answer = answer::of_error(error);
        let line = RequestLine {
            webhooks_refused: 1,
            error: Some(error.to_string()),
            ..RequestLine::new(&invocation.request_id, &answer)
        };
        self.log_request(line, head);
        answer
    }

    fn health(&self, head: &Parts, invocation: &Invocation) -> Answer {
        let answer = answer::health();
        self.log_request(RequestLine::new(&invocation.request_id, &answer), Some(head));
        answer
    }

    /// How long events may be tried.
    fn deliver_within(&self, time_left: Option<Duration>) -> Duration {
        let Some(left) = time_left else { return self.config.deliver_within };
        let usable = left.saturating_sub(RESERVE).max(ATTEMPT.min(left / 2));
        usable.min(self.config.deliver_within)
    }

    fn log_request<'a>(&self, mut line: RequestLine<'a>, head: Option<&'a Parts>) {
        let route = head.and_then(|head| admit::route(head.uri.path()));
        line.method = head.map(|head| method_name(&head.method));
        // Any other path could hold anything.
        line.path = head.map(|head| head.uri.path()).filter(|_| route.is_some());
        let level = if route == Some(Route::Health) { Level::Debug } else { Level::Info };
        self.log.request(level, &line);
    }
}

/// The method's name. A method that the client made up could hold anything.
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
