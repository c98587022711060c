//! The hosts: each carries requests to the [`Relay`] and answers back, nothing else.

mod http;
mod lambda;
mod patience;

pub use self::http::{Platform, serve};

use crate::config::{Config, Host};
use crate::log::Log;
use crate::relay::Relay;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// What ends the process.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Runs the function on the host that the environment named, until it is told to stop.
///
/// # Errors
/// A client that cannot be built, an address that cannot be listened on, or Lambda's runtime API
/// gone.
pub async fn run(config: Config) -> Result<(), Fault> {
    let host = config.host;
    let log = Log::to_stdout(&config);
    let relay = Arc::new(Relay::new(config, log.clone())?);
    let (address, platform) = match host {
        Host::Lambda => return lambda::run(relay).await,
        Host::FunctionCompute(port) => {
            (SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), Platform::FunctionCompute)
        }
        Host::Plain(address) => (address, Platform::Plain),
    };
    let listener =
        TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    log.state("listening", Some(&listener.local_addr()?.to_string()));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    serve(listener, relay, platform, stop).await;
    log.state("stopped", None);
    Ok(())
}
