//! Reads the settings one by one and collects what is wrong with them.

use super::events_url;
use super::values::{ConfigError, Host};
use crate::event::Severity;
use crate::secret::{IntegrationKey, Token};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use url::Url;

const US_EVENTS_URL: &str = "https://events.pagerduty.com/";
/// PagerDuty's service regions and their base URLs.
pub(super) const REGIONS: [(&str, &str); 2] =
    [("us", US_EVENTS_URL), ("eu", "https://events.eu.pagerduty.com/")];
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);
/// Function Compute's port if it names none ("Custom runtime: HTTP server").
const FC_DEFAULT_PORT: u16 = 9000;
const DEFAULT_DELIVER_WITHIN: Duration = Duration::from_secs(25);
/// The shortest token: fewer characters could be guessed.
const TOKEN_MIN_CHARS: usize = 8;
/// A run of so many letters and digits in a wrong value may be a key. A REST API key has 20.
const SECRET_RUN_CHARS: usize = 20;
/// Lambda's longest time-out is 15 minutes (AWS, "Lambda quotas"); no caller waits for longer.
const DELIVER_WITHIN_MAX_MS: u64 = 900_000;

/// The settings behind `lookup`.
pub(super) struct Reader<F> {
    pub(super) lookup: F,
    /// What is wrong with them.
    pub(super) faults: Vec<ConfigError>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// The trimmed value; an empty one is an absent one.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn fault(&mut self, name: &'static str, value: Option<String>, expected: impl Into<String>) {
        // A secret may have been put into the wrong variable.
        let value = value.filter(|value| !self.may_hold_secret(value));
        self.faults.push(ConfigError { name, value, expected: expected.into() });
    }

    fn may_hold_secret(&self, value: &str) -> bool {
        // User info and queries are where people put passwords.
        if value.contains(['@', '?', '#']) || has_long_run(value) {
            return true;
        }
        let names =
            ["PAGERDUTY_INTEGRATION_KEY", "WEBHOOK_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        let known = names.map(|name| self.get(name));
        let known = known.iter().flatten().flat_map(|secrets| secrets.split(',')).map(str::trim);
        let mut known = known.filter(|secret| !secret.is_empty());
        known.any(|secret| value.contains(secret))
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        expected: &'static str,
    ) -> Option<T> {
        let value = self.get(name)?;
        let found = words.iter().find(|(word, _)| value.eq_ignore_ascii_case(word));
        if found.is_none() {
            self.fault(name, Some(value), format!("must be {expected}"));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// `word=severity, word=severity`; the first of two equal words wins.
    pub(super) fn severities(&mut self) -> Vec<(String, Severity)> {
        const NAME: &str = "SEVERITIES";
        let Some(value) = self.get(NAME) else { return Vec::new() };
        let mut severities = Vec::new();
        for pair in value.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let known = pair.rsplit_once('=').and_then(|(word, name)| {
                let name = name.trim();
                let severity = Severity::ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(name))?;
                let word = word.trim().to_lowercase();
                (!word.is_empty()).then_some((word, severity))
            });
            match known {
                Some(pair) => severities.push(pair),
                None => {
                    let expected = "must be pairs such as sev1=critical, sev2=warning; the severities are critical, \
                                    error, warning and info";
                    self.fault(NAME, Some(value.clone()), expected);
                    break;
                }
            }
        }
        severities
    }

    pub(super) fn integration_key(&mut self) -> Option<IntegrationKey> {
        let value = self.get("PAGERDUTY_INTEGRATION_KEY")?;
        match IntegrationKey::parse(&value) {
            Ok(key) => return Some(key),
            Err(fault) => {
                let what = format!("{fault}; it must be the Integration Key, 32 letters and digits");
                self.fault("PAGERDUTY_INTEGRATION_KEY", None, what);
            }
        }
        None
    }

    pub(super) fn webhook_tokens(&mut self) -> Vec<Token> {
        let Some(value) = self.get("WEBHOOK_TOKEN") else { return Vec::new() };
        let parts: Vec<&str> = value.split(',').map(str::trim).collect();
        // A header could not carry other characters, so callers would be locked out.
        let sendable = |part: &&str| part.bytes().all(|byte| byte.is_ascii_graphic());
        let long_enough = |part: &&str| part.len() >= TOKEN_MIN_CHARS;
        if parts.len() > 2 || !parts.iter().all(sendable) || !parts.iter().all(long_enough) {
            let expected = format!(
                "must be one token, or two with a comma between, each of at least {TOKEN_MIN_CHARS} \
                 visible ASCII characters without blanks"
            );
            self.fault("WEBHOOK_TOKEN", None, expected);
        }
        parts.into_iter().map(|part| Token::new(part.to_owned())).collect()
    }

    pub(super) fn region(&mut self) -> &'static str {
        self.word("PAGERDUTY_REGION", &REGIONS, "us or eu").unwrap_or(US_EVENTS_URL)
    }

    pub(super) fn events_url(&mut self) -> Option<Url> {
        const NAME: &str = "PAGERDUTY_EVENTS_URL";
        let value = self.get(NAME)?;
        match events_url::check(&value) {
            Ok(url) => Some(url),
            Err(expected) => {
                self.fault(NAME, Some(value), expected);
                None
            }
        }
    }

    pub(super) fn deliver_within(&mut self) -> Duration {
        const NAME: &str = "DELIVER_WITHIN_MS";
        let Some(value) = self.get(NAME) else { return DEFAULT_DELIVER_WITHIN };
        match value.parse() {
            Ok(ms @ 1..=DELIVER_WITHIN_MAX_MS) => Duration::from_millis(ms),
            _ => {
                let expected =
                    format!("must be a whole number of milliseconds from 1 to {DELIVER_WITHIN_MAX_MS}");
                self.fault(NAME, Some(value), expected);
                DEFAULT_DELIVER_WITHIN
            }
        }
    }

    pub(super) fn host(&mut self) -> Host {
        let listen = self.listen();
        let named_port = self.port("FC_SERVER_PORT");
        let custom_port = self.port("FC_CUSTOM_LISTEN_PORT");
        if self.get("AWS_LAMBDA_RUNTIME_API").is_some() {
            Host::Lambda
        } else if let Some(port) = named_port.or(custom_port) {
            Host::FunctionCompute(port)
        } else if self.get("FC_FUNCTION_NAME").is_some() {
            Host::FunctionCompute(FC_DEFAULT_PORT)
        } else {
            Host::Plain(listen)
        }
    }

    fn listen(&mut self) -> SocketAddr {
        let Some(value) = self.get("LISTEN") else { return DEFAULT_LISTEN };
        let numeric = match value.strip_prefix("localhost:") {
            Some(port) => format!("{}:{port}", Ipv4Addr::LOCALHOST),
            None => value.clone(),
        };
        numeric.parse().unwrap_or_else(|_| {
            self.fault("LISTEN", Some(value), "must be an IP address and a port, as in 127.0.0.1:9000");
            DEFAULT_LISTEN
        })
    }

    fn port(&mut self, name: &'static str) -> Option<u16> {
        let value = self.get(name)?;
        match value.parse() {
            Ok(port) if port > 0 => Some(port),
            _ => {
                self.fault(name, Some(value), "must be a port from 1 to 65535");
                None
            }
        }
    }
}

/// Whether it holds so many letters and digits in a row that they may be a key, whatever is around
/// them.
fn has_long_run(value: &str) -> bool {
    let mut runs = value.split(|c: char| !c.is_ascii_alphanumeric());
    runs.any(|run| run.len() >= SECRET_RUN_CHARS)
}
