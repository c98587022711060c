//! The hosts: each carries requests to the [`Relay`] and answers back, nothing else.

mod body;
mod connection;
mod exchange;
mod fault;
mod http;
mod lambda;
mod signals;
mod time_limits;

pub use self::fault::Fault;

use self::signals::Signals;
use crate::config::{Config, Host};
use crate::log::{ListeningLine, Log};
use crate::relay::Relay;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// What a stop may take beyond `DELIVER_WITHIN_MS`.
const STOP_RESERVE: Duration = Duration::from_secs(2);
/// How long the end waits for a reader of the log.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// Runs the function on the host that the environment names, until it is asked to stop.
///
/// # Errors
/// The client cannot be built, the address cannot be listened on, or Lambda's runtime API is gone.
pub async fn run(config: Config) -> Result<(), Fault> {
    let host = config.host;
    let log = Log::to_stdout(&config);
    let (address, setting) = match host {
        Host::Lambda => {
            let relay = Relay::new(config, log)?;
            return lambda::run(Arc::new(relay)).await;
        }
        Host::FunctionCompute(port) => (SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), "FC_SERVER_PORT"),
        Host::Plain(address) => (address, "LISTEN"),
    };
    let listener =
        http::listen(address).map_err(|error| format!("cannot listen on {address} ({setting}): {error}"))?;
    let line = ListeningLine {
        address: listener.local_addr()?.to_string(),
        pagerduty: config.pagerduty_host(),
        token_set: !config.webhook_tokens.is_empty(),
        key_set: config.integration_key.is_some(),
    };
    let stop_within = config.deliver_within + STOP_RESERVE;
    let relay = Arc::new(Relay::new(config, log.clone())?);
    let mut signals = Signals::register()?;
    log.listening(&line);
    http::serve(listener, relay, host, &mut signals, stop_within).await;
    log.stopped();
    log.flush(FLUSH_WITHIN);
    Ok(())
}
