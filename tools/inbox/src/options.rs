//! The command line.

use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use std::net::SocketAddr;

/// Try the function: it runs on loopback beside a PagerDuty stand-in, with no account and no network.
///
/// It sends itself one real ARMS notification, shows what came in, the event that went out and the answer, and
/// then shows every further webhook that it is sent, here and on a page in the browser. No variable of the environment changes it but `NO_COLOR`.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Where the function listens [default: 127.0.0.1:9000, or a free port if that is taken]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Where the page is, on loopback [default: 127.0.0.1:9001, or a free port if that is taken]
    #[arg(long, value_name = "ADDR", value_parser = loopback)]
    pub(crate) page: Option<SocketAddr>,
    /// Where the PagerDuty stand-in listens [default: 127.0.0.1 and a free port]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) pagerduty: Option<SocketAddr>,
    /// The token that every webhook has to carry, as with `WEBHOOK_TOKEN`
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) token: Option<String>,
    /// Let the stand-in refuse what goes over 120 events a minute for a key, as PagerDuty does
    #[arg(long)]
    pub(crate) rate_limit: bool,
    /// Send every event to the real PagerDuty as well, under this integration key: THIS PAGES PEOPLE
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "once")]
    pub(crate) forward_to_pagerduty: Option<String>,
    /// Which PagerDuty that is: us or eu
    #[arg(long, value_name = "REGION", default_value = "us", requires = "forward_to_pagerduty")]
    pub(crate) forward_region: String,
    /// Another address in its place, for tests
    #[arg(long, value_name = "URL", hide = true, requires = "forward_to_pagerduty")]
    pub(crate) forward_url: Option<String>,
    /// Show the one notification and end, without a page
    #[arg(long)]
    pub(crate) once: bool,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| "an IP address and a port, as in 127.0.0.1:9000")
}

/// Whoever sees the page can page, and read every webhook.
fn loopback(text: &str) -> Result<SocketAddr, &'static str> {
    address(text).and_then(|address| {
        if address.ip().is_loopback() {
            Ok(address)
        } else {
            Err("the page is for this machine alone: a loopback address")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn the_page_is_for_this_machine_alone() {
        for (text, is_taken) in
            [("127.0.0.1:0", true), ("localhost:9001", true), ("[::1]:1", true), ("0.0.0.0:1", false)]
        {
            assert_eq!(loopback(text).is_ok(), is_taken, "{text}");
        }
    }

    #[test]
    fn an_address_has_a_port() {
        for (text, expected) in [
            ("127.0.0.1:9001", Some("127.0.0.1:9001")),
            ("localhost:9001", Some("127.0.0.1:9001")),
            ("[::1]:0", Some("[::1]:0")),
            ("9001", None),
            ("localhost", None),
        ] {
            let read = address(text).ok().map(|address| address.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
