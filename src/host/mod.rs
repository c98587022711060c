//! The hosts: each carries requests to the [`Relay`] and answers back, nothing else.

mod fault;
mod http;
mod lambda;
mod read_timeout;

pub use self::fault::Fault;
pub use self::http::serve;

use crate::config::{Config, Host};
use crate::log::Log;
use crate::relay::Relay;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Runs the function on the host that the environment names, until it is asked to stop.
///
/// # Errors
/// The client cannot be built, the address cannot be listened on, or Lambda's runtime API is gone.
pub async fn run(config: Config) -> Result<(), Fault> {
    let host = config.host;
    let log = Log::to_stdout(&config);
    let relay = Arc::new(Relay::new(config, log.clone())?);
    let (address, setting) = match host {
        Host::Lambda => return lambda::run(relay).await,
        Host::FunctionCompute(port) => (SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), "FC_SERVER_PORT"),
        Host::Plain(address) => (address, "LISTEN"),
    };
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address} ({setting}): {error}"))?;
    log.state("listening", Some(&listener.local_addr()?.to_string()));
    let stop = stop_signal()?;
    serve(listener, relay, host, stop).await;
    log.state("stopped", None);
    Ok(())
}

/// Ready once the process is asked to end. tokio's own signal handling would be set up at every start, on
/// Lambda too, which sends no signals: 2.5 % of a cold start's instructions.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (reader, writer) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        pipe::register(signal, writer.try_clone()?)?;
    }
    reader.set_nonblocking(true)?;
    let reader = tokio::net::UnixStream::from_std(reader)?;
    Ok(async move {
        // Readable or broken: in both cases no later signal could arrive.
        let _ = reader.readable().await;
    })
}
