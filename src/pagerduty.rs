//! Sending: each event until PagerDuty has it, refuses it, or time has run out.

mod gate;

use crate::error::Error;
use crate::event::{Api, Event};
use crate::secret::IntegrationKey;
use bytes::{Bytes, BytesMut};
use gate::Gate;
use http::{HeaderValue, header};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// How long the first attempt may take; each later one twice as long as the one before.
const FIRST_ATTEMPT_WITHIN: Duration = Duration::from_secs(2);
/// The shortest pause between two attempts; each later one is twice as long, up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_millis(3_200);
/// Most of an answer's body that is passed on.
pub const REPLY_MAX_BYTES: usize = 64 * 1024;
/// Most of it that is read: a secret across the edge of what is passed on must be seen whole.
const REPLY_READ_BYTES: usize = REPLY_MAX_BYTES + 4 * 1024;
/// PagerDuty closes idle connections early, and a frozen function does not see it.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The way to PagerDuty.
#[derive(Clone)]
pub struct Sender {
    client: reqwest::Client,
    events_url: Url,
}

/// What became of an event.
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// How it ended.
    pub outcome: Outcome,
    /// How often it was sent.
    pub attempts: u32,
    /// From the first attempt to the end.
    pub elapsed: Duration,
}

/// How sending ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// PagerDuty answered.
    Answered(Reply),
    /// It did not, or not with an answer that counts.
    Failed(Error),
}

/// PagerDuty's answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// A little more than [`REPLY_MAX_BYTES`] at most.
    pub body: Bytes,
    /// The one header that is passed on.
    pub retry_after: Option<HeaderValue>,
}

impl Delivery {
    /// Whether PagerDuty has the event.
    #[must_use]
    pub fn is_accepted(&self, api: Api) -> bool {
        matches!(&self.outcome, Outcome::Answered(reply) if reply.status == api.accepted())
    }
}

impl Outcome {
    /// Whether the same event may be accepted when it is sent again.
    #[must_use]
    pub fn may_be_retried(&self, api: Api) -> bool {
        match self {
            Self::Answered(reply) => api.may_be_retried(reply.status),
            Self::Failed(error) => matches!(error, Error::NotReached | Error::NoAnswerInTime),
        }
    }

    /// The answer, if it says that there are too many events.
    fn rate_limit(&self, api: Api) -> Option<&Reply> {
        match self {
            Self::Answered(reply) => Some(reply).filter(|reply| api.is_rate_limit(reply.status)),
            Self::Failed(_) => None,
        }
    }
}

impl Sender {
    /// A sender to this base URL, which ends in a slash. The usual proxy variables are honoured.
    ///
    /// # Errors
    /// What `reqwest` says of a client that cannot be built.
    pub fn new(events_url: Url) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .user_agent(concat!("arms-pagerduty/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .pool_idle_timeout(IDLE_MAX)
            .build()?;
        Ok(Self { client, events_url })
    }

    /// Sends all events, the most urgent first, and comes back by `deadline` at the latest.
    pub async fn deliver(
        &self,
        api: Api,
        key: &IntegrationKey,
        mut events: Vec<Event>,
        deadline: Instant,
    ) -> Vec<Delivery> {
        events.sort_by_key(Event::urgency);
        let gate = Arc::new(Gate::new());
        let mut tasks = JoinSet::new();
        for (place, event) in events.into_iter().enumerate() {
            let (sender, key, gate) = (self.clone(), key.clone(), Arc::clone(&gate));
            tasks.spawn(async move { sender.deliver_one(api, &key, event, place, deadline, &gate).await });
        }
        tasks.join_all().await
    }

    async fn deliver_one(
        &self,
        api: Api,
        key: &IntegrationKey,
        event: Event,
        place: usize,
        deadline: Instant,
        gate: &Gate,
    ) -> Delivery {
        let mut delivery = Delivery {
            event,
            outcome: Outcome::Failed(Error::NoAnswerInTime),
            attempts: 0,
            elapsed: Duration::ZERO,
        };
        let Some(mut turn) = gate.turn(place, deadline).await else {
            // Held back by the key's rate limit: that is what kept it from being sent.
            if let Some(reply) = gate.rate_limit() {
                delivery.outcome = Outcome::Answered(reply);
            }
            return delivery;
        };
        let body = Bytes::from(delivery.event.write(api, Some(key)));
        let started = Instant::now();
        loop {
            delivery.attempts += 1;
            let attempt_end = Instant::now() + attempt_within(delivery.attempts);
            match timeout_at(deadline.min(attempt_end), self.post(api, body.clone())).await {
                Ok(outcome) => delivery.outcome = outcome,
                // An attempt that the deadline cut short says less than the one before it.
                Err(_) if deadline < attempt_end && delivery.attempts > 1 => {}
                Err(_) => delivery.outcome = Outcome::Failed(Error::NoAnswerInTime),
            }
            delivery.elapsed = started.elapsed();
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(pause) =
                pause(api, &delivery.outcome, delivery.attempts, left, random(), SystemTime::now())
            else {
                return delivery;
            };
            if let Some(reply) = delivery.outcome.rate_limit(api) {
                // The limit is the key's: whoever waits for it holds the others back.
                gate.one_at_a_time(reply.clone());
                sleep(pause).await;
                drop(turn);
            } else {
                drop(turn);
                sleep(pause).await;
            }
            turn = match gate.turn(place, deadline).await {
                Some(turn) => turn,
                None => return delivery,
            };
        }
    }

    async fn post(&self, api: Api, body: Bytes) -> Outcome {
        let Ok(url) = self.events_url.join(api.path()) else { return Outcome::Failed(Error::NotReached) };
        let request = self.client.post(url).header(header::CONTENT_TYPE, "application/json").body(body);
        match request.send().await {
            Ok(response) if response.status().is_redirection() => Outcome::Failed(Error::Redirected),
            Ok(response) => match read(response).await {
                // Sent again, an alert event is the same event and gets its whole answer; a change event would
                // be another one, and a refusal stays one.
                (reply, false) if api != Api::Change && reply.status == api.accepted() => {
                    Outcome::Failed(Error::NotReached)
                }
                (reply, _) => Outcome::Answered(reply),
            },
            Err(_) => Outcome::Failed(Error::NotReached),
        }
    }
}

/// The answer with its body up to [`REPLY_READ_BYTES`], and whether it came to its end.
async fn read(mut response: reqwest::Response) -> (Reply, bool) {
    let mut body = BytesMut::new();
    let is_whole = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break true,
            Err(_) => break false,
        }
        if body.len() >= REPLY_READ_BYTES {
            body.truncate(REPLY_READ_BYTES);
            break true;
        }
    };
    // It is passed on: anything else than a time could be a secret that was told back.
    let is_time = |value: &&HeaderValue| retry_after(value, SystemTime::now()).is_some();
    let retry_after = response.headers().get(header::RETRY_AFTER).filter(is_time).cloned();
    (Reply { status: response.status().as_u16(), body: body.freeze(), retry_after }, is_whole)
}

/// Bundled roots: reading the platform's store costs a cold start up to 35 ms, and Function
/// Compute's runtimes do not promise one.
fn tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    #[expect(
        clippy::expect_used,
        reason = "ring speaks both versions; the first test of this file would fail"
    )]
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3");
    builder.with_root_certificates(roots).with_no_client_auth()
}

/// How long attempt number `attempt` (from 1) may take.
fn attempt_within(attempt: u32) -> Duration {
    FIRST_ATTEMPT_WITHIN.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
}

/// How long to wait before the next attempt; `None` if there is to be none. `random` is from 0 to 1
/// and spreads the pauses of many functions that failed together.
fn pause(
    api: Api,
    outcome: &Outcome,
    attempts: u32,
    left: Duration,
    random: f64,
    now: SystemTime,
) -> Option<Duration> {
    let is_done = matches!(outcome, Outcome::Answered(reply) if reply.status == api.accepted());
    if is_done || !outcome.may_be_retried(api) {
        return None;
    }
    let least = PAUSE_MIN.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1))).min(PAUSE_MAX);
    let asked = match outcome {
        Outcome::Answered(reply) => reply.retry_after.as_ref().and_then(|value| retry_after(value, now)),
        Outcome::Failed(_) => None,
    };
    let jittered = least + least.mul_f64(random);
    // What PagerDuty asks for is honoured where it fits; else going on is better than giving up.
    let pause = match asked {
        Some(asked) if asked < left => asked.max(least),
        _ => jittered,
    };
    (pause < left).then_some(pause)
}

/// `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// From 0 to 1; good enough to spread pauses.
fn random() -> f64 {
    let number = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(number >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn answered(status: u16, retry_after: Option<&'static str>) -> Outcome {
        let retry_after = retry_after.map(HeaderValue::from_static);
        Outcome::Answered(Reply { status, body: Bytes::new(), retry_after })
    }

    fn pause_after(api: Api, outcome: &Outcome, attempts: u32, left: Duration) -> Option<u128> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        pause(api, outcome, attempts, left, 0.5, now).map(|pause| pause.as_millis())
    }

    #[test]
    fn what_pagerduty_says_may_be_retried_is_and_nothing_else() {
        for status in 100..=999 {
            let v2 = status == 429 || (500..=599).contains(&status);
            let v1 = status == 403 || (500..=599).contains(&status);
            for (api, again) in [(Api::V2, v2), (Api::Change, v2), (Api::V1, v1)] {
                let pause = pause_after(api, &answered(status, None), 1, LONG);
                assert_eq!(pause.is_some(), again, "{api:?} {status}");
            }
        }
        for (error, again) in
            [(Error::NotReached, true), (Error::NoAnswerInTime, true), (Error::Redirected, false)]
        {
            let pause = pause_after(Api::V2, &Outcome::Failed(error), 1, LONG);
            assert_eq!(pause.is_some(), again, "{error:?}");
        }
    }

    #[test]
    fn pauses_grow_from_100_ms_and_end_with_the_time() {
        let fault = answered(500, None);
        let pauses: Vec<_> = (1..=8).map(|attempts| pause_after(Api::V2, &fault, attempts, LONG)).collect();
        assert_eq!(pauses, [150, 300, 600, 1_200, 2_400, 4_800, 4_800, 4_800].map(Some));
        assert_eq!(pause_after(Api::V2, &fault, 1, Duration::from_millis(150)), None);
        assert_eq!(pause_after(Api::V2, &fault, u32::MAX, LONG), Some(4_800));
    }

    #[test]
    fn retry_after_is_honoured_where_it_fits() {
        for (value, left, pause) in [
            ("7", LONG, 7_000),
            ("0", LONG, 100),
            ("61", LONG, 150),
            ("Sun, 09 Sep 2001 01:46:45 GMT", LONG, 5_000),
            ("Sun, 09 Sep 2001 01:46:30 GMT", LONG, 100),
            ("soon", LONG, 150),
            ("-1", LONG, 150),
            ("99999999999999999999", LONG, 150),
        ] {
            assert_eq!(pause_after(Api::V2, &answered(429, Some(value)), 1, left), Some(pause), "{value}");
        }
    }

    #[test]
    fn the_first_attempt_has_two_seconds_and_later_ones_more() {
        let seconds: Vec<u64> = (1..=4).map(|attempt| attempt_within(attempt).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16]);
        assert!(attempt_within(u32::MAX) > LONG);
    }
}
