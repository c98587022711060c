//! The function, the stand-in and the page, side by side on loopback.

use crate::forward::Forward;
use crate::front::Front;
use crate::memory::Memory;
use crate::options::{Options, Secrets, TOKEN_VARIABLE};
use crate::page::{Page, Standing};
use crate::queue::{Queue, Urls};
use crate::rehearsal::Rehearsal;
use crate::server::serve;
use arms_pagerduty::config::{Config, Queues};
use arms_pagerduty::host::Fault;
use arms_pagerduty::log::Log;
use arms_pagerduty::relay::Relay;
use pagerduty_standin::{RateLimit, Standin};
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Where the function listens if nobody says otherwise; its own default too.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);
/// Where the page is if nobody says otherwise.
const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9001);

/// All of it, running.
pub(crate) struct Bench {
    /// Where the function can be reached.
    pub(crate) address: SocketAddr,
    /// The address that it should have had, if that was taken.
    pub(crate) taken: Option<SocketAddr>,
    /// Where the page can be seen, if there is one.
    pub(crate) page: Option<SocketAddr>,
    /// The address that it should have had, if that was taken.
    pub(crate) page_taken: Option<SocketAddr>,
    /// Where the function finds the stand-in.
    pub(crate) events_url: String,
    /// The real PagerDuty's URL and the masked key, if events go there too.
    pub(crate) forwarding: Option<(String, String)>,
    /// The stand-in.
    pub(crate) standin: Standin,
    /// The local queue, if events are stored first.
    pub(crate) queue: Option<Arc<Queue>>,
    front: Arc<Front>,
    serving: JoinSet<()>,
    delivered: mpsc::Receiver<Infallible>,
    /// Kept until the end: while it is there, deliveries can begin.
    delivering: mpsc::Sender<Infallible>,
    stop: watch::Sender<bool>,
}

impl Bench {
    pub(crate) async fn start(
        options: &Options,
        secrets: &Secrets,
        log: Log,
        memory: Arc<Memory>,
    ) -> Result<Self, Fault> {
        let (listener, taken) = listen(options.listen, LISTEN).await?;
        let address = reachable(listener.local_addr()?);
        let standin_options = pagerduty_standin::Options {
            address: options.pagerduty,
            rate_limit: options.rate_limit.then_some(RateLimit::DOCUMENTED),
            ..pagerduty_standin::Options::default()
        };
        let standin = Standin::start(standin_options)
            .await
            .map_err(|error| format!("the stand-in cannot listen: {error}"))?;
        let events_url = format!("http://{}", reachable(standin.address()));
        let setting = |name: &str| match name {
            "LISTEN" => Some(address.to_string()),
            "PAGERDUTY_EVENTS_URL" => Some(events_url.clone()),
            TOKEN_VARIABLE => secrets.token.clone(),
            _ => None,
        };
        let forward = secrets.forwarding_key.as_deref().map(|key| forward(key, options)).transpose()?;
        let forwarding = forward.as_ref().map(|forward| (forward.url.clone(), forward.key()));
        let (delivering, delivered) = mpsc::channel(1);
        let (stop, stopped) = watch::channel(false);
        let mut serving = JoinSet::new();
        let mut relay_config = config(setting)?;
        let mut queue = None;
        if options.outage.is_some() {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            relay_config.queues = queues(&Urls::new(&format!("http://{}", listener.local_addr()?)))?;
            let local = Arc::new(Queue::default());
            queue = Some(Arc::clone(&local));
            serving
                .spawn(serve(listener, stopped.clone(), move |request| Arc::clone(&local).answer(request)));
        }
        let front = Arc::new(Front {
            relay: Relay::new(relay_config, log)?,
            rehearsal: Rehearsal::new(config(setting)?),
            memory: Arc::clone(&memory),
            standin: standin.clone(),
            forward,
            delivering: delivering.downgrade(),
        });
        if let Some(queue) = &queue {
            tokio::spawn(Arc::clone(queue).hand_out(Arc::clone(&front)));
        }
        let (mut page, mut page_taken) = (None, None);
        if !options.once {
            let (listener, taken) = listen(options.page, PAGE).await?;
            (page, page_taken) = (Some(listener.local_addr()?), taken);
            let shown = Arc::new(Page {
                front: Arc::clone(&front),
                webhook_url: format!("http://{address}"),
                pagerduty_url: events_url.clone(),
                queue: queue.clone(),
                token: secrets.first_token().map(str::to_owned),
                mask: secrets.mask(),
                fault: Standing::default(),
                stop: stopped.clone(),
            });
            serving
                .spawn(serve(listener, stopped.clone(), move |request| Arc::clone(&shown).answer(request)));
            tell_changes(&standin, memory);
        }
        let answering = Arc::clone(&front);
        serving.spawn(serve(listener, stopped, move |request| Arc::clone(&answering).answer(request)));
        Ok(Self {
            address,
            taken,
            page,
            page_taken,
            events_url,
            forwarding,
            standin,
            queue,
            front,
            serving,
            delivered,
            delivering,
            stop,
        })
    }

    /// From now on events go to the real PagerDuty as well, if that was asked for.
    pub(crate) fn open_forwarding(&self) {
        if let Some(forward) = &self.front.forward {
            forward.open();
        }
    }

    /// Lets the function finish what it has taken, then ends all.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        drop(self.delivering);
        self.delivered.recv().await;
        // A panic in one has been reported where it happened.
        while self.serving.join_next().await.is_some() {}
        self.standin.stop().await;
    }
}

/// Whatever happens at the stand-in, those who wait for something new are told.
fn tell_changes(standin: &Standin, memory: Arc<Memory>) {
    let mut revision = standin.subscribe();
    tokio::spawn(async move {
        while revision.changed().await.is_ok() {
            memory.changed();
        }
    });
}

fn forward(key: &str, options: &Options) -> Result<Forward, Fault> {
    let config = config(|name| match name {
        "PAGERDUTY_REGION" => Some(options.forward_region.clone()),
        "PAGERDUTY_EVENTS_URL" => options.forward_url.clone(),
        _ => None,
    });
    Forward::new(key, &config?)
}

/// The settings of queues with these URLs. Only on Lambda can they be set, so the environment is as there.
fn queues(urls: &Urls) -> Result<Option<Queues>, Fault> {
    let config = config(|name| match name {
        "QUEUE_URL" => Some(urls.queue.clone()),
        "DEAD_LETTERS_URL" => Some(urls.dead_letters.clone()),
        "AWS_LAMBDA_RUNTIME_API" | "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => {
            Some("local".to_owned())
        }
        _ => None,
    });
    Ok(config?.queues)
}

fn config(lookup: impl Fn(&str) -> Option<String>) -> Result<Config, Fault> {
    let reported = |faults: Vec<_>| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    Config::read(lookup).map_err(|faults| reported(faults).join("\narms-pagerduty-inbox: ").into())
}

/// The listener, and the default address if that was taken and nobody had asked for it.
async fn listen(
    asked: Option<SocketAddr>,
    default: SocketAddr,
) -> Result<(TcpListener, Option<SocketAddr>), Fault> {
    let wanted = asked.unwrap_or(default);
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok((listener, None)),
        Err(error) if error.kind() == ErrorKind::AddrInUse && asked.is_none() => {
            Ok((TcpListener::bind((wanted.ip(), 0)).await?, Some(wanted)))
        }
        Err(error) => Err(format!("cannot listen on {wanted}: {error}").into()),
    }
}

/// What listens on all addresses is called on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
