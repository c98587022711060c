//! The function and the stand-in, side by side on loopback.

use crate::options::Options;
use arms_pagerduty::config::Config;
use arms_pagerduty::host::{Fault, Platform, serve};
use arms_pagerduty::log::Log;
use arms_pagerduty::relay::Relay;
use pagerduty_standin::{RateLimit, Standin};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Where the function listens if nobody says otherwise; its own default too.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);

/// Both, running.
pub(crate) struct Bench {
    /// Where the function can be reached.
    pub(crate) address: SocketAddr,
    /// The address that it should have had, if that was taken.
    pub(crate) taken: Option<SocketAddr>,
    /// Where the function finds the stand-in.
    pub(crate) events_url: String,
    /// The stand-in.
    pub(crate) standin: Standin,
    serving: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Bench {
    pub(crate) async fn start(options: &Options, log: Log) -> Result<Self, Fault> {
        let (listener, taken) = listen(options.listen).await?;
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
        let config = Config::read(|name| match name {
            "LISTEN" => Some(address.to_string()),
            "PAGERDUTY_EVENTS_URL" => Some(events_url.clone()),
            "WEBHOOK_TOKEN" => options.token.clone(),
            _ => None,
        });
        let config = config.map_err(|faults| {
            faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\narms-pagerduty-inbox: ")
        })?;
        let relay = Arc::new(Relay::new(config, log)?);
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, relay, Platform::Plain, async {
            // A sender that is gone says the same.
            let _ = stopped.await;
        }));
        Ok(Self { address, taken, events_url, standin, serving, stop })
    }

    /// Lets the function finish what it has taken, then ends both.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        // A panic in it has been reported where it happened.
        let _ = self.serving.await;
        self.standin.stop().await;
    }
}

/// The listener, and the default address if that was taken and nobody had asked for it.
async fn listen(asked: Option<SocketAddr>) -> Result<(TcpListener, Option<SocketAddr>), Fault> {
    let wanted = asked.unwrap_or(LISTEN);
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
