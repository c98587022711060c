//! Settings: read through a lookup function and checked once; all errors are reported together.

mod events_url;
mod queues;
mod reader;
mod values;

pub use queues::{Credentials, Queues};
pub use values::{ConfigError, Host, Level, SuccessStatus};

use crate::convert::EventPer;
use crate::event::Severity;
use crate::secret::{IntegrationKey, Token};
use reader::{REGIONS, Reader};
use std::time::Duration;
use url::Url;

/// The checked settings of one process.
pub struct Config {
    /// Where the function runs.
    pub host: Host,
    /// `PAGERDUTY_INTEGRATION_KEY`: the key for a request that carries none.
    pub integration_key: Option<IntegrationKey>,
    /// `WEBHOOK_TOKEN`: none, one, or two while it is being changed.
    pub webhook_tokens: Vec<Token>,
    /// `PAGERDUTY_EVENTS_URL`, or the region's host: the base to which the paths of the APIs are appended.
    pub events_url: Url,
    /// Whether the usual proxy variables hold for PagerDuty. They do, unless a program that embeds the
    /// function and sends to loopback says otherwise.
    pub heeds_proxy: bool,
    /// `DEFAULT_SEVERITY`: for an alert that names no known severity.
    pub default_severity: Severity,
    /// `SEVERITIES`: words of the user's own, in lower case.
    pub severities: Vec<(String, Severity)>,
    /// `EVENT_PER`: whether an event is made for each alert or each notification.
    pub event_per: EventPer,
    /// `SUCCESS_STATUS`: with which status an accepted webhook is answered.
    pub success_status: SuccessStatus,
    /// `DELIVER_WITHIN_MS`: how long an event is tried.
    pub deliver_within: Duration,
    /// `QUEUE_URL` and `DEAD_LETTERS_URL`: where events are stored first; `None` if they go straight to
    /// PagerDuty.
    pub queues: Option<Queues>,
    /// `LOG_LEVEL`.
    pub log_level: Level,
    /// Lambda's name of the function (AWS, "Defined runtime environment variables").
    pub lambda_function: Option<String>,
}

impl Config {
    /// Reads the settings through `lookup`, which gives a variable's value.
    ///
    /// # Errors
    /// All wrong settings.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader { lookup, faults: Vec::new() };
        let integration_key = reader.integration_key();
        let webhook_tokens = reader.webhook_tokens();
        let region = reader.region();
        let events_url = reader.events_url();
        let default_severity = reader
            .word(
                "DEFAULT_SEVERITY",
                &Severity::ALL.map(|severity| (severity.word(), severity)),
                "critical, error, warning or info",
            )
            .unwrap_or(Severity::Error);
        let severities = reader.severities();
        let event_per = reader
            .word("EVENT_PER", &[("alert", EventPer::Alert), ("group", EventPer::Group)], "alert or group")
            .unwrap_or(EventPer::Alert);
        let success_status = reader
            .word(
                "SUCCESS_STATUS",
                &[("pagerduty", SuccessStatus::PagerDuty), ("200", SuccessStatus::Ok)],
                "pagerduty or 200",
            )
            .unwrap_or(SuccessStatus::PagerDuty);
        let deliver_within = reader.deliver_within();
        let host = reader.host();
        let queues = reader.queues(host);
        let log_level = reader
            .word("LOG_LEVEL", &Level::ALL.map(|level| (level.word(), level)), "error, warn, info or debug")
            .unwrap_or(Level::Info);
        if integration_key.is_some() && webhook_tokens.is_empty() && !host.is_loopback() {
            reader.fault(
                "WEBHOOK_TOKEN",
                None,
                "must be set together with PAGERDUTY_INTEGRATION_KEY: without it anyone who finds \
                 the URL can page you",
            );
        }
        let events_url = match events_url.or_else(|| Url::parse(region).ok()) {
            Some(url) if reader.faults.is_empty() => url,
            _ => return Err(reader.faults),
        };
        Ok(Self {
            host,
            integration_key,
            webhook_tokens,
            events_url,
            heeds_proxy: true,
            default_severity,
            severities,
            event_per,
            success_status,
            deliver_within,
            queues,
            log_level,
            lambda_function: reader.get("AWS_LAMBDA_FUNCTION_NAME").filter(|_| host == Host::Lambda),
        })
    }

    /// The service region, if events are sent to PagerDuty's own host.
    #[must_use]
    pub fn region(&self) -> Option<&'static str> {
        let region = REGIONS.iter().find(|(_, url)| *url == self.events_url.as_str());
        region.map(|(word, _)| *word)
    }

    /// The host to which events are sent, with its port if that is not the usual one.
    #[must_use]
    pub fn pagerduty_host(&self) -> String {
        let host = self.events_url.host_str().unwrap_or_default();
        match self.events_url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn read(settings: &[(&str, &str)]) -> Result<Config, Vec<ConfigError>> {
        Config::read(|name| {
            settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn faults(settings: &[(&str, &str)]) -> Vec<String> {
        read(settings).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_set_is_the_table_of_defaults() {
        let config = read(&[]).ok().unwrap();
        assert_eq!(config.host, Host::Plain("127.0.0.1:9000".parse().unwrap()));
        assert_eq!(config.events_url.as_str(), "https://events.pagerduty.com/");
        assert_eq!(config.default_severity, Severity::Error);
        assert_eq!(config.event_per, EventPer::Alert);
        assert_eq!(config.success_status, SuccessStatus::PagerDuty);
        assert_eq!(config.deliver_within, Duration::from_secs(25));
        assert_eq!(config.log_level, Level::Info);
        assert!(config.integration_key.is_none() && config.webhook_tokens.is_empty());
    }

    #[test]
    fn an_empty_value_is_an_absent_one() {
        let names = [
            "PAGERDUTY_INTEGRATION_KEY",
            "WEBHOOK_TOKEN",
            "PAGERDUTY_REGION",
            "PAGERDUTY_EVENTS_URL",
            "DEFAULT_SEVERITY",
            "EVENT_PER",
            "SUCCESS_STATUS",
            "DELIVER_WITHIN_MS",
            "QUEUE_URL",
            "DEAD_LETTERS_URL",
            "LISTEN",
            "LOG_LEVEL",
            "AWS_LAMBDA_RUNTIME_API",
            "FC_SERVER_PORT",
            "FC_CUSTOM_LISTEN_PORT",
            "FC_FUNCTION_NAME",
        ];
        let empty: Vec<(&str, &str)> = names.iter().map(|name| (*name, " ")).collect();
        assert_eq!(faults(&empty), Vec::<String>::new());
    }

    #[test]
    fn the_environment_names_the_host() {
        for (settings, host) in [
            (vec![("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"), ("FC_SERVER_PORT", "1")], Host::Lambda),
            (
                vec![("FC_SERVER_PORT", "8000"), ("FC_CUSTOM_LISTEN_PORT", "8001")],
                Host::FunctionCompute(8000),
            ),
            (vec![("FC_CUSTOM_LISTEN_PORT", "8001")], Host::FunctionCompute(8001)),
            (vec![("FC_FUNCTION_NAME", "arms")], Host::FunctionCompute(9000)),
            (vec![("LISTEN", "0.0.0.0:80")], Host::Plain("0.0.0.0:80".parse().unwrap())),
            (vec![("LISTEN", "localhost:81")], Host::Plain("127.0.0.1:81".parse().unwrap())),
            (vec![("LISTEN", "[::1]:82")], Host::Plain("[::1]:82".parse().unwrap())),
        ] {
            assert_eq!(read(&settings).ok().unwrap().host, host);
        }
    }

    #[test]
    fn only_on_lambda_is_there_a_function_whose_lines_are_counted() {
        let named = ("AWS_LAMBDA_FUNCTION_NAME", "f");
        let function = |settings: &[(&str, &str)]| read(settings).ok().unwrap().lambda_function;
        assert_eq!(function(&[named, ("AWS_LAMBDA_RUNTIME_API", "x")]).as_deref(), Some("f"));
        assert_eq!(function(&[named]), None);
    }

    #[test]
    fn a_configured_key_wants_a_token_unless_only_this_machine_can_call() {
        let with_key = |more: &[(&'static str, &'static str)]| {
            let mut settings = vec![("PAGERDUTY_INTEGRATION_KEY", KEY)];
            settings.extend_from_slice(more);
            faults(&settings).len()
        };
        assert_eq!(with_key(&[]), 0);
        assert_eq!(with_key(&[("LISTEN", "[::1]:9000")]), 0);
        assert_eq!(with_key(&[("LISTEN", "0.0.0.0:9000")]), 1);
        assert_eq!(with_key(&[("AWS_LAMBDA_RUNTIME_API", "x")]), 1);
        assert_eq!(with_key(&[("FC_SERVER_PORT", "9000")]), 1);
        assert_eq!(with_key(&[("FC_SERVER_PORT", "9000"), ("WEBHOOK_TOKEN", "12345678")]), 0);
    }

    #[test]
    fn all_wrong_settings_are_reported_together_without_secrets() {
        let reported = faults(&[
            ("PAGERDUTY_INTEGRATION_KEY", "sEcReT-key"),
            ("WEBHOOK_TOKEN", "tOkEn one,two"),
            ("PAGERDUTY_REGION", "cn"),
            ("PAGERDUTY_EVENTS_URL", "https://user:pAsS@example.com"),
            ("DEFAULT_SEVERITY", "urgent"),
            ("EVENT_PER", "page"),
            ("SUCCESS_STATUS", "204"),
            ("DELIVER_WITHIN_MS", "25s"),
            ("LISTEN", "nine"),
            ("LOG_LEVEL", "loud"),
            ("FC_SERVER_PORT", "0"),
        ]);
        assert_eq!(reported.len(), 11, "{reported:#?}");
        assert!(
            reported.iter().all(|line| line.contains("must ") && !line.contains("may ")),
            "{reported:#?}"
        );
        let all = reported.join("\n");
        for secret in ["sEcReT", "tOkEn", "pAsS"] {
            assert!(!all.contains(secret), "{all}");
        }
        for shown in [
            "\"cn\"",
            "us or eu",
            "\"urgent\"",
            "pagerduty or 200",
            "\"25s\"",
            "\"nine\"",
            "\"loud\"",
            "\"0\"",
        ] {
            assert!(all.contains(shown), "{shown} in {all}");
        }
    }

    #[test]
    fn a_secret_in_the_wrong_variable_is_not_shown() {
        let quoted = format!("'\"{KEY}\"'");
        let named = format!("integration_key={KEY}");
        let reported = faults(&[
            ("WEBHOOK_TOKEN", "first-token, second-token"),
            ("PAGERDUTY_REGION", &quoted),
            ("EVENT_PER", "first-token"),
            ("LOG_LEVEL", "x second-token"),
            ("DEFAULT_SEVERITY", "third"),
            ("DELIVER_WITHIN_MS", &named),
            ("LISTEN", "https://host/?token=abc"),
            ("PAGERDUTY_EVENTS_URL", "ftp://proxy/u+0123456789abcdefXYZ0"),
        ]);
        assert_eq!(reported.len(), 7, "{reported:#?}");
        let shown: Vec<&String> = reported.iter().filter(|line| line.contains(" is ")).collect();
        assert!(matches!(shown.as_slice(), [only] if only.contains("third")), "{shown:#?}");
    }

    #[test]
    fn tokens_are_one_or_two_and_cannot_be_guessed() {
        for (value, count) in [
            ("12345678", Some(1)),
            ("12345678,abcdefgh", Some(2)),
            (" 12345678 , abcdefgh ", Some(2)),
            ("1234567", None),
            ("12345678,abcdefg", None),
            ("12345678,abcdefgh,ABCDEFGH", None),
            ("12345678,", None),
            (",", None),
        ] {
            let read = read(&[("WEBHOOK_TOKEN", value)]);
            assert_eq!(read.ok().map(|config| config.webhook_tokens.len()), count, "{value:?}");
        }
    }
}
