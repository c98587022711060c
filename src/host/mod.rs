//! The hosts: each carries requests to the [`Relay`] and answers back, nothing else.

mod http;
mod lambda;
mod patience;

pub use self::http::{Platform, serve};

use crate::config::{Config, Host};
use crate::log::Log;
use crate::relay::Relay;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use tokio::net::TcpListener;

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
    let (address, platform, setting) = match host {
        Host::Lambda => return lambda::run(relay).await,
        Host::FunctionCompute(port) => {
            (SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), Platform::FunctionCompute, "FC_SERVER_PORT")
        }
        Host::Plain(address) => (address, Platform::Plain, "LISTEN"),
    };
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address} ({setting}): {error}"))?;
    log.state("listening", Some(&listener.local_addr()?.to_string()));
    let stop = told_to_stop()?;
    serve(listener, relay, platform, stop).await;
    log.state("stopped", None);
    Ok(())
}

/// Ready once the process is told to end. tokio's own signals would be set up at every start, on
/// Lambda too, where nobody sends any: 2.5 % of a cold start's instructions.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let (told, tells) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        pipe::register(signal, tells.try_clone()?)?;
    }
    told.set_nonblocking(true)?;
    let told = tokio::net::UnixStream::from_std(told)?;
    Ok(async move {
        // Readable or broken: both mean that nobody can tell us later.
        let _ = told.readable().await;
    })
}
