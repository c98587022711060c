//! The command line.

use arms_pagerduty::secret::{IntegrationKey, Mask, Token};
use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::net::SocketAddr;

/// The function's own variable for its token, read only with `--token`.
pub(crate) const TOKEN_VARIABLE: &str = "WEBHOOK_TOKEN";
/// The function's own variable for a key, read only with `--forward-to-pagerduty`.
pub(crate) const KEY_VARIABLE: &str = "PAGERDUTY_INTEGRATION_KEY";
/// What is said of a word that belongs to no option. It is not repeated: it may be a secret.
const STRAY_WORD: &str = "a word on the command line belongs to no option. Secrets are not taken from there, where `ps` \
                          shows them: set WEBHOOK_TOKEN for --token, PAGERDUTY_INTEGRATION_KEY for --forward-to-pagerduty";

/// Try the function: it runs on loopback beside a PagerDuty stand-in, with no account and no network.
///
/// It sends itself one real ARMS notification, shows what came in, the event that went out and the answer, and
/// then shows every further webhook that it is sent, here and on a page in the browser. No variable of the environment changes it but
/// `NO_COLOR` and, with the two options that ask for them, the two that hold secrets: the command line would show them to `ps`.
#[derive(Debug, Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
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
    /// Refuse webhooks without the token that the variable `WEBHOOK_TOKEN` holds, as the function does
    #[arg(long)]
    pub(crate) token: bool,
    /// Let the stand-in refuse what goes over 120 events a minute for a key, as PagerDuty does
    #[arg(long)]
    pub(crate) rate_limit: bool,
    /// Send every event to the real PagerDuty as well, under the key in the variable `PAGERDUTY_INTEGRATION_KEY`: THIS PAGES PEOPLE
    #[arg(long, conflicts_with = "once")]
    pub(crate) forward_to_pagerduty: bool,
    /// Which PagerDuty that is: us or eu
    #[arg(long, value_name = "REGION", default_value = "us", requires = "forward_to_pagerduty")]
    pub(crate) forward_region: String,
    /// Another address in its place, for tests
    #[arg(long, value_name = "URL", hide = true, requires = "forward_to_pagerduty")]
    pub(crate) forward_url: Option<String>,
    /// Show durable delivery: PagerDuty fails for 60 seconds, or as many as this, while alerts fire and recover. Events
    /// are stored in a local queue first, as in the template's durable mode on AWS
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60",
          value_parser = clap::value_parser!(u16).range(1..=3600), conflicts_with = "forward_to_pagerduty")]
    pub(crate) outage: Option<u16>,
    /// Show the one notification, or the one outage, and end, without a page
    #[arg(long)]
    pub(crate) once: bool,
}

/// The secrets that the options ask for.
#[derive(Default)]
pub(crate) struct Secrets {
    /// The token, or two with a comma between.
    pub(crate) token: Option<String>,
    /// The real PagerDuty's key.
    pub(crate) forwarding_key: Option<String>,
}

impl Secrets {
    /// Those that the options ask for, from the environment.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn read(options: &Options, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let find = |is_wanted: bool, option: &str, name: &str| {
            let value = || lookup(name).filter(|value| !value.trim().is_empty());
            is_wanted
                .then(|| value().ok_or_else(|| format!("{option} needs the variable {name}")))
                .transpose()
        };
        Ok(Self {
            token: find(options.token, "--token", TOKEN_VARIABLE)?,
            forwarding_key: find(options.forward_to_pagerduty, "--forward-to-pagerduty", KEY_VARIABLE)?,
        })
    }

    /// Hides them.
    pub(crate) fn mask(&self) -> Mask {
        let key = self.forwarding_key.as_deref().and_then(|key| IntegrationKey::parse(key).ok());
        let tokens = self.token.as_deref().unwrap_or_default().split(',').map(str::trim);
        let tokens: Vec<Token> =
            tokens.filter(|token| !token.is_empty()).map(|token| Token::new(token.to_owned())).collect();
        Mask::new(&key, &tokens)
    }

    /// The token that a webhook carries; there are two while it is being changed.
    pub(crate) fn first_token(&self) -> Option<&str> {
        self.token.as_deref()?.split(',').next().map(str::trim)
    }
}

impl Options {
    /// The command line's. A wrong one ends the process, without a word of it that may be a secret.
    pub(crate) fn of_command_line() -> Result<Self, String> {
        Self::try_parse()
            .or_else(|error| if stray_word(&error) { Err(STRAY_WORD.to_owned()) } else { error.exit() })
    }
}

/// Whether clap would tell of a word that is no option and may therefore be a secret.
fn stray_word(error: &clap::Error) -> bool {
    match error.kind() {
        // `--token=…`
        ErrorKind::TooManyValues => true,
        ErrorKind::UnknownArgument => {
            let word = error.get(ContextKind::InvalidArg);
            !matches!(word, Some(ContextValue::String(word)) if word.starts_with("--"))
        }
        _ => false,
    }
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
    fn an_address_has_a_port_and_the_page_is_for_this_machine_alone() {
        for (text, expected, is_for_page) in [
            ("127.0.0.1:9001", Some("127.0.0.1:9001"), true),
            ("localhost:9001", Some("127.0.0.1:9001"), true),
            ("[::1]:0", Some("[::1]:0"), true),
            ("0.0.0.0:1", Some("0.0.0.0:1"), false),
            ("9001", None, false),
            ("localhost", None, false),
        ] {
            let read = address(text).ok().map(|address| address.to_string());
            assert_eq!((read.as_deref(), loopback(text).is_ok()), (expected, is_for_page), "{text}");
        }
    }
}
