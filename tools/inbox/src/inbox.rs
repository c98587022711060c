//! The function, the stand-in, the local queue and the page, side by side on loopback.

use crate::front::Forward;
use crate::memory::Memory;
use crate::options::{Options, Secrets, TOKEN_VARIABLE};
use crate::queue::{self, Queue};
use crate::record::alert_id;
use crate::{front, page};
use arms_pagerduty::config::{Config, Level};
use arms_pagerduty::host::Fault;
use arms_pagerduty::log::Log;
use arms_pagerduty::relay::Relay;
use arms_pagerduty::secret::Mask;
use axum::Router;
use axum::serve::ListenerExt;
use pagerduty_standin::{Alert, Order, RateLimit, Standin};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Where the function listens if nobody says otherwise; its own default too.
pub(crate) const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);
/// Where the page is if nobody says otherwise.
const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9001);
/// How long open connections may take to finish at a stop: longer than a delivery.
const END_WITHIN: Duration = Duration::from_secs(30);

/// All of it, running.
pub(crate) struct Inbox {
    /// The function's handler.
    pub(crate) relay: Relay,
    /// The function's settings, to try bodies without sending anything.
    pub(crate) config: Config,
    pub(crate) memory: Memory,
    pub(crate) standin: Standin,
    /// The local queue, if events are stored first.
    pub(crate) queue: Option<Queue>,
    /// The way to the real PagerDuty, for those who ask for it.
    pub(crate) forward: Option<Forward>,
    /// Where the function can be reached.
    pub(crate) address: SocketAddr,
    /// Where the function finds the stand-in.
    pub(crate) events_url: String,
    /// Where the page can be seen, if there is one.
    pub(crate) page: Option<SocketAddr>,
    /// The addresses that were taken, each with what listens on a free port instead.
    pub(crate) taken: Vec<(SocketAddr, &'static str)>,
    /// The token to send with, if one is demanded.
    pub(crate) token: Option<String>,
    /// Hides the inbox's own secrets: the token, and the real PagerDuty's key.
    pub(crate) mask: Mask,
    /// How the stand-in goes wrong, as it was ordered last.
    pub(crate) order: Mutex<Order>,
    /// What the terminal shows of each webhook.
    pub(crate) lines: UnboundedSender<String>,
    /// What is to be finished before the end.
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Inbox {
    /// Starts all, and gives the lines for the terminal.
    pub(crate) async fn start(
        options: &Options,
        secrets: &Secrets,
    ) -> Result<(Arc<Self>, UnboundedReceiver<String>), Fault> {
        let mut taken = Vec::new();
        let listener = listen(options.listen, LISTEN, "the function", &mut taken).await?;
        let address = reachable(listener.local_addr()?);
        let standin_options = pagerduty_standin::Options {
            address: options.pagerduty,
            rate_limit: options.rate_limit.then_some(RateLimit::DOCUMENTED),
            ..pagerduty_standin::Options::default()
        };
        let standin = Standin::start(standin_options).await;
        let standin = standin.map_err(|error| format!("the stand-in cannot listen: {error}"))?;
        let events_url = format!("http://{}", reachable(standin.address()));
        let page_listener =
            if options.once { None } else { Some(listen(options.page, PAGE, "the page", &mut taken).await?) };
        let setting = |name: &str| match name {
            "LISTEN" => Some(address.to_string()),
            "PAGERDUTY_EVENTS_URL" => Some(events_url.clone()),
            TOKEN_VARIABLE => secrets.token.clone(),
            _ => None,
        };
        let mut of_relay = config(setting)?;
        let mut queue_listener = None;
        if options.outage.is_some() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            of_relay.queues = config(queue::settings(listener.local_addr()?))?.queues;
            queue_listener = Some(listener);
        }
        let (lines, shown) = unbounded_channel();
        let inbox = Arc::new(Self {
            // The log's lines are for a log service; the terminal shows lines of its own.
            relay: Relay::new(of_relay, Log::new(Level::Error, |_| {}))?,
            config: config(setting)?,
            memory: Memory::default(),
            standin,
            queue: queue_listener.as_ref().map(|_| Queue::default()),
            forward: secrets.forwarding_key.as_deref().map(|key| forward(key, options)).transpose()?,
            address,
            events_url,
            page: page_listener.as_ref().map(TcpListener::local_addr).transpose()?,
            taken,
            token: secrets.first_token().map(str::to_owned),
            mask: secrets.mask(),
            order: Mutex::default(),
            lines,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        inbox.serve(listener, front::router(Arc::clone(&inbox)));
        if let Some(listener) = page_listener {
            inbox.serve(listener, page::router(Arc::clone(&inbox)));
        }
        if let Some(listener) = queue_listener {
            inbox.serve(listener, queue::router(Arc::clone(&inbox)));
            tokio::spawn(queue::hand_out(Arc::clone(&inbox)));
        }
        tokio::spawn(Arc::clone(&inbox).notice_changes());
        Ok((inbox, shown))
    }

    /// Serves until the end, then lets the answers that are on their way out.
    fn serve(&self, listener: TcpListener, router: Router) {
        let listener = listener.tap_io(|stream| {
            // Disables Nagle's algorithm; without the option small answers only come later.
            let _ = stream.set_nodelay(true);
        });
        let (stop, stopped) = (self.stop.clone(), self.stop.clone().cancelled_owned());
        let serving = axum::serve(listener, router).with_graceful_shutdown(stopped);
        self.tasks.spawn(async move {
            tokio::select! {
                // `axum` handles the errors of connections itself, so there is none to report.
                _ = serving => {}
                // A client that reads nothing does not hold up the end.
                () = async { stop.cancelled().await; tokio::time::sleep(END_WITHIN).await } => {}
            }
        });
    }

    /// Whatever happens at the stand-in, those who wait for something new are told.
    async fn notice_changes(self: Arc<Self>) {
        let mut revision = self.standin.subscribe();
        while revision.changed().await.is_ok() {
            self.memory.changed();
        }
    }

    /// Lets the function finish what it has taken, then ends all.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.standin.stop().await;
    }

    /// The alert with this id.
    pub(crate) fn alert(&self, id: &str) -> Option<Alert> {
        let is_it = |alert: &Alert| alert_id(&alert.key, &alert.dedup_key) == id;
        self.standin.read_alerts(|alert| is_it(alert).then(|| alert.clone())).into_iter().next()
    }
}

fn forward(key: &str, options: &Options) -> Result<Forward, Fault> {
    let config = config(|name| match name {
        "PAGERDUTY_REGION" => Some(options.forward_region.clone()),
        "PAGERDUTY_EVENTS_URL" => options.forward_url.clone(),
        _ => None,
    })?;
    // Only the real PagerDuty may be behind a proxy.
    Forward::new(key, &Config { heeds_proxy: options.forward_url.is_none(), ..config })
}

/// Settings of a function that sends to loopback, where no proxy of the environment may come between.
fn config(lookup: impl Fn(&str) -> Option<String>) -> Result<Config, Fault> {
    let reported = |faults: Vec<_>| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let config = Config::read(lookup).map_err(|faults| reported(faults).join("\narms-pagerduty-inbox: "))?;
    Ok(Config { heeds_proxy: false, ..config })
}

/// Listens at an address, or on a free port if the default is taken and nobody had asked for it.
async fn listen(
    asked: Option<SocketAddr>,
    default: SocketAddr,
    what: &'static str,
    taken: &mut Vec<(SocketAddr, &'static str)>,
) -> Result<TcpListener, Fault> {
    let wanted = asked.unwrap_or(default);
    match TcpListener::bind(wanted).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && asked.is_none() => {
            taken.push((wanted, what));
            Ok(TcpListener::bind((wanted.ip(), 0)).await?)
        }
        bound => Ok(bound.map_err(|error| format!("cannot listen on {wanted}: {error}"))?),
    }
}

/// What listens on all addresses is called on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { LISTEN.ip() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    address
}
