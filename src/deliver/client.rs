//! One POST and its answer.

use super::dns::Resolver;
use super::outcome::{Outcome, REPLY_MAX_BYTES, Reply};
use super::{reach, retry, tls};
use crate::error::{Error, Unreached};
use crate::event::Api;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, header};
use http_body_util::{BodyExt, Full};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};
use url::Url;

/// How long the first attempt may take to connect: half of its time. Later ones may connect as long as
/// they last.
const FIRST_CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The most of an answer's body that is read. A secret across the edge of what is passed on must be
/// seen whole to be masked.
const REPLY_READ_BYTES: usize = REPLY_MAX_BYTES + 4 * 1024;
/// How long an idle connection is kept. PagerDuty closes idle connections early, and a frozen function
/// does not notice.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The two clients, which differ in how long they may take to connect. Each keeps its connections.
pub(super) struct Clients {
    events_url: Url,
    quick: reqwest::Client,
    /// Built when it is needed.
    patient: OnceLock<reqwest::Client>,
    /// Whether PagerDuty is so far away that first attempts go through the patient client too.
    is_far: AtomicBool,
    building: Building,
}

/// What both clients are built of.
struct Building {
    resolver: Arc<Resolver>,
    tls: rustls::ClientConfig,
    heeds_proxy: bool,
}

/// What is sent.
pub(super) struct Post {
    pub(super) api: Api,
    pub(super) body: Bytes,
    /// Whether there was no answer to the same event before.
    pub(super) has_failed: bool,
}

impl Clients {
    pub(super) fn new(
        events_url: Url,
        heeds_proxy: bool,
        resolver: Resolver,
    ) -> Result<Self, reqwest::Error> {
        let building = Building { resolver: Arc::new(resolver), tls: tls::client_config(), heeds_proxy };
        let quick = building.builder().connect_timeout(FIRST_CONNECT_WITHIN).build()?;
        let is_far = AtomicBool::new(false);
        Ok(Self { events_url, quick, patient: OnceLock::new(), is_far, building })
    }

    /// Sends an event once.
    ///
    /// # Errors
    /// What was going on when `end` came.
    pub(super) async fn send(&self, post: Post, end: Instant) -> Result<Outcome, Error> {
        let is_patient = post.has_failed || self.is_far.load(Ordering::Relaxed);
        let client = if is_patient { self.patient() } else { &self.quick };
        let is_taken = Arc::new(AtomicBool::new(false));
        let sending = self.post(client, post, Arc::clone(&is_taken));
        let result = match timeout_at(end, sending).await {
            Ok(outcome) => Ok(outcome),
            Err(_) if is_taken.load(Ordering::Relaxed) => Err(Error::NoAnswerInTime),
            Err(_) => Err(Error::NotReached(self.still_connecting())),
        };
        self.note_distance(is_patient, &result);
        result
    }

    fn patient(&self) -> &reqwest::Client {
        let build = || self.building.builder().build().unwrap_or_else(|_| self.quick.clone());
        self.patient.get_or_init(build)
    }

    /// Where the quick client gives up connecting, the next events need not try it first.
    fn note_distance(&self, is_patient: bool, result: &Result<Outcome, Error>) {
        let (Ok(Outcome::Failed(Error::NotReached(reason))) | Err(Error::NotReached(reason))) = result else {
            return;
        };
        let is_slow = matches!(reason, Unreached::Dns | Unreached::TimedOut);
        self.is_far.store(is_slow && !is_patient, Ordering::Relaxed);
    }

    /// Why there is no connection when time runs out.
    fn still_connecting(&self) -> Unreached {
        if self.building.resolver.is_looking_up() { Unreached::Dns } else { Unreached::TimedOut }
    }

    async fn post(&self, client: &reqwest::Client, post: Post, is_taken: Arc<AtomicBool>) -> Outcome {
        let Post { api, body, .. } = post;
        let Ok(url) = self.events_url.join(api.path()) else { return not_reached(Unreached::Connect) };
        let request = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len())
            .body(observed(body, is_taken));
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return match reach::reason(&error) {
                    Unreached::TimedOut => not_reached(self.still_connecting()),
                    reason => not_reached(reason),
                };
            }
        };
        if response.status().is_redirection() {
            return Outcome::Failed(Error::Redirected);
        }
        let (reply, is_whole) = read(response).await;
        // A change event sent again would be another one, and a refusal stays a refusal.
        if !is_whole && api != Api::Change && reply.status == api.accepted() {
            return not_reached(Unreached::BrokenOff);
        }
        let is_success = (200..=299).contains(&reply.status);
        if is_success && !reply.accepts(api) {
            return Outcome::Failed(Error::NotPagerDuty { status: reply.status });
        }
        Outcome::Answered(reply)
    }
}

fn not_reached(reason: Unreached) -> Outcome {
    Outcome::Failed(Error::NotReached(reason))
}

impl Building {
    fn builder(&self) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Arc::clone(&self.resolver))
            .user_agent(concat!("arms-pagerduty/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(IDLE_MAX);
        if self.heeds_proxy { builder } else { builder.no_proxy() }
    }
}

/// The body; `is_taken` becomes true when a connection begins to send it.
fn observed(body: Bytes, is_taken: Arc<AtomicBool>) -> reqwest::Body {
    let body = Full::new(body).map_frame(move |frame| {
        is_taken.store(true, Ordering::Relaxed);
        frame
    });
    reqwest::Body::wrap(body)
}

/// The answer with its body up to [`REPLY_READ_BYTES`], and whether it arrived completely.
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
    // It is passed on, and anything but a time could be a secret that was echoed.
    let is_time = |value: &&HeaderValue| retry::retry_after(value, SystemTime::now()).is_some();
    let retry_after = response.headers().get(header::RETRY_AFTER).filter(is_time).cloned();
    (Reply { status: response.status().as_u16(), body: body.freeze(), retry_after }, is_whole)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// How long a first attempt is connecting to a server that never answers.
    async fn connects_for(clients: &Clients) -> Duration {
        let begun = Instant::now();
        let post = Post { api: Api::V2, body: Bytes::from_static(b"{}"), has_failed: false };
        let result = clients.send(post, begun + Duration::from_millis(1_500)).await;
        let (Ok(Outcome::Failed(error)) | Err(error)) = result else { return Duration::ZERO };
        assert_eq!(error, Error::NotReached(Unreached::TimedOut));
        begun.elapsed()
    }

    #[tokio::test]
    async fn where_connecting_took_too_long_the_next_event_may_take_longer_until_that_fails_too() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", silent.local_addr().unwrap());
        let clients = Clients::new(Url::parse(&url).unwrap(), true, Resolver::of_the_system()).unwrap();
        for is_patient in [false, true, false] {
            let took = connects_for(&clients).await;
            assert_eq!(took >= Duration::from_millis(1_400), is_patient, "{took:?}");
        }
    }
}
