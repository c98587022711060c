//! The handle that tests and tools hold.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::book::{Book, Received, Shared, now_ms};
use crate::faults::{Faults, Order};
use crate::memory::{Alert, AlertState, Change};
use crate::{Fault, RateLimit, server};

/// How a stand-in starts. The default takes every well-formed key at any rate, on a free port.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where to listen, else `127.0.0.1` and a free port.
    pub address: Option<SocketAddr>,
    /// The rate limit, else none.
    pub rate_limit: Option<RateLimit>,
    /// Whether requests from this machine may ask what arrived, and order faults, under `/control/`.
    pub control: bool,
}

/// A running stand-in. Clones are handles of the same one; it stops with [`Standin::stop`] or with the last handle.
#[derive(Clone, Debug)]
pub struct Standin {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Arc<watch::Sender<bool>>,
}

impl Standin {
    /// Listens, and serves on the current tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen at the address.
    pub async fn start(options: Options) -> io::Result<Self> {
        let address = options.address.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(&options));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(server::serve(listener, Arc::clone(&shared), stopped));
        Ok(Self { address, shared, stop: Arc::new(stop) })
    }

    /// The base address, such as `http://127.0.0.1:40123`, to use instead of `https://events.pagerduty.com`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the next request go wrong that no earlier fault takes ([`Fault::CloseOnAccept`]: the next connection).
    pub fn push_fault(&self, fault: Fault) {
        self.shared.change(|book| book.faults.push(None, fault));
    }

    /// Lets every request go wrong that no queued fault takes; `None` ends it.
    pub fn set_standing_fault(&self, fault: Option<Fault>) {
        self.shared.change(|book| book.faults.stand(None, fault));
    }

    /// Lets the next event of one dedup key go wrong.
    pub fn push_fault_for(&self, dedup_key: &str, fault: Fault) {
        self.shared.change(|book| book.faults.push(Some(dedup_key.to_owned()), fault));
    }

    /// Lets every event of one dedup key go wrong; `None` ends it.
    pub fn set_standing_fault_for(&self, dedup_key: &str, fault: Option<Fault>) {
        self.shared.change(|book| book.faults.stand(Some(dedup_key.to_owned()), fault));
    }

    /// Ends every fault that is queued or in force.
    pub fn clear_faults(&self) {
        self.shared.change(|book| book.faults = Faults::default());
    }

    /// Replaces every fault by what is ordered.
    ///
    /// # Errors
    /// What is wrong with the order.
    pub fn order_fault(&self, order: &Order) -> Result<(), &'static str> {
        self.shared.change(|book| book.faults.order(order, None))
    }

    /// How many queued faults no request has taken yet, those for a dedup key left out.
    pub fn faults_waiting(&self) -> usize {
        self.shared.book().faults.waiting()
    }

    /// The alerts, the one with the latest event first.
    pub fn alerts(&self) -> Vec<Alert> {
        self.read_alerts(|alert| Some(alert.clone()))
    }

    /// What `read` makes of each alert, the one with the latest event first; `read` must be quick.
    pub fn read_alerts<T>(&self, read: impl FnMut(&Alert) -> Option<T>) -> Vec<T> {
        self.shared.book().memory.alerts.iter().rev().filter_map(read).collect()
    }

    /// The alert of one integration key and dedup key.
    pub fn alert(&self, key: &str, dedup_key: &str) -> Option<Alert> {
        self.read_alerts(|alert| alert.is_of(key, dedup_key).then(|| alert.clone())).pop()
    }

    /// The change events, newest first.
    pub fn changes(&self) -> Vec<Change> {
        self.shared.book().memory.changes.iter().rev().cloned().collect()
    }

    /// The requests, oldest first: of every path and method, accepted or not.
    pub fn requests(&self) -> Vec<Received> {
        self.requests_since(0)
    }

    /// The requests with a higher number than this, oldest first.
    pub fn requests_since(&self, number: u64) -> Vec<Received> {
        let book = self.shared.book();
        book.requests.iter().filter(|request| request.number > number).cloned().collect()
    }

    /// The number of the latest request; 0 before the first.
    pub fn last_request(&self) -> u64 {
        self.shared.book().last_request
    }

    /// How many alerts, change events and requests were let go to stay within bounds.
    pub fn let_go(&self) -> u64 {
        let book = self.shared.book();
        book.memory.let_go + book.requests_let_go
    }

    /// Acknowledges and resolves that met no open alert: accepted and dropped, as at PagerDuty.
    pub fn without_alert(&self) -> u64 {
        self.shared.book().memory.without_alert
    }

    /// The most requests that were in flight at once.
    pub fn max_in_flight(&self) -> usize {
        self.shared.book().max_in_flight
    }

    /// Acknowledges an open alert, as a person does. Whether there was one.
    #[must_use = "it says whether there was an open alert"]
    pub fn acknowledge(&self, key: &str, dedup_key: &str) -> bool {
        self.set_state(key, dedup_key, AlertState::Acknowledged)
    }

    /// Resolves an open alert, as a person does. Whether there was one.
    #[must_use = "it says whether there was an open alert"]
    pub fn resolve(&self, key: &str, dedup_key: &str) -> bool {
        self.set_state(key, dedup_key, AlertState::Resolved)
    }

    /// Forgets alerts, change events, requests and rates; faults stay.
    pub fn clear(&self) {
        self.shared.change(Book::clear);
    }

    /// A number that grows with each request, each answer and each change by hand.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.revision.subscribe()
    }

    /// Waits until something is so; `false` when it is not within this time.
    pub async fn wait_until(&self, within: Duration, is_so: impl Fn(&Self) -> bool + Send) -> bool {
        let mut revision = self.subscribe();
        let waiting = async {
            while !is_so(self) {
                if revision.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::time::timeout(within, waiting).await.is_ok()
    }

    /// Closes the listener and every connection. What is remembered can still be read.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        self.stop.closed().await;
    }

    fn set_state(&self, key: &str, dedup_key: &str, state: AlertState) -> bool {
        self.shared.change(|book| book.memory.set_state(key, dedup_key, state, now_ms()))
    }
}
