//! The settings `QUEUE_URL` and `DEAD_LETTERS_URL`, and what Lambda gives a function to use queues with.

use super::reader::Reader;
use super::values::Host;
use crate::secret::AwsSecret;
use url::{Host as UrlHost, Url};

const QUEUE: &str = "QUEUE_URL";
const DEAD_LETTERS: &str = "DEAD_LETTERS_URL";

/// The queues of SQS in which events are stored.
pub struct Queues {
    /// `QUEUE_URL`: the queue that invokes the function.
    pub queue_url: Url,
    /// `DEAD_LETTERS_URL`: the queue of what PagerDuty will never take.
    pub dead_letters_url: Url,
    /// `AWS_REGION`: the region of both.
    pub region: String,
    /// What requests are signed with.
    pub credentials: Credentials,
    /// Whether `HTTPS_PROXY` holds for SQS too. It does not, unless `NO_PROXY` says which hosts are reached
    /// without a proxy: then the list decides.
    pub heeds_proxy: bool,
}

/// The credentials of the function's role (AWS, "Defined runtime environment variables").
#[derive(Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`, which is no secret.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: AwsSecret,
    /// `AWS_SESSION_TOKEN`, which Lambda always sets.
    pub session_token: Option<AwsSecret>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    /// Both queues, or none.
    pub(super) fn queues(&mut self, host: Host) -> Option<Queues> {
        let names = [QUEUE, DEAD_LETTERS];
        let [queue, dead_letters] = names.map(|name| self.get(name));
        if queue.is_none() && dead_letters.is_none() {
            return None;
        }
        if host != Host::Lambda {
            for (name, _) in names.iter().zip([&queue, &dead_letters]).filter(|(_, value)| value.is_some()) {
                self.fault(name, None, "is for AWS Lambda only: on this host nothing reads the queue");
            }
            return None;
        }
        let queue_url = self.queue_url(QUEUE, DEAD_LETTERS, queue)?;
        let dead_letters_url = self.queue_url(DEAD_LETTERS, QUEUE, dead_letters)?;
        if queue_url == dead_letters_url {
            self.fault(DEAD_LETTERS, None, "must be another queue than QUEUE_URL");
        }
        let region = self.of_lambda("AWS_REGION")?;
        let access_key_id = self.of_lambda("AWS_ACCESS_KEY_ID")?;
        let secret_access_key = AwsSecret::new(self.of_lambda("AWS_SECRET_ACCESS_KEY")?);
        let session_token = self.get("AWS_SESSION_TOKEN").map(AwsSecret::new);
        let credentials = Credentials { access_key_id, secret_access_key, session_token };
        let heeds_proxy = ["NO_PROXY", "no_proxy"].iter().any(|name| self.get(name).is_some());
        Some(Queues { queue_url, dead_letters_url, region, credentials, heeds_proxy })
    }

    /// The URL of one queue; without it, the other one is of no use.
    fn queue_url(&mut self, name: &'static str, other: &str, value: Option<String>) -> Option<Url> {
        let Some(value) = value else {
            self.fault(
                name,
                None,
                format!("must be set together with {other}: the URL of another SQS FIFO queue"),
            );
            return None;
        };
        match check(&value) {
            Ok(url) => Some(url),
            Err(expected) => {
                self.fault(name, Some(value), expected);
                None
            }
        }
    }

    fn of_lambda(&mut self, name: &'static str) -> Option<String> {
        let value = self.get(name);
        if value.is_none() {
            self.fault(name, None, "must be set for QUEUE_URL to be used; Lambda sets it itself");
        }
        value
    }
}

fn check(value: &str) -> Result<Url, &'static str> {
    const EXPECTED: &str = "must be the URL of an SQS FIFO queue, as in \
                            https://sqs.eu-central-1.amazonaws.com/123456789012/events.fifo";
    let url = Url::parse(value).map_err(|_| EXPECTED)?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_plain || !has_good_path(&url) {
        return Err(EXPECTED);
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if is_loopback(&host) => Ok(url),
        _ => Err("must be an https URL; plain http only for localhost and loopback addresses"),
    }
}

/// Account and queue.
fn has_good_path(url: &Url) -> bool {
    let path = url.path().trim_start_matches('/');
    path.strip_suffix(".fifo").is_some_and(|path| path.contains('/') && !path.ends_with('/'))
}

fn is_loopback(host: &UrlHost<&str>) -> bool {
    match host {
        UrlHost::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        UrlHost::Ipv4(address) => address.is_loopback(),
        UrlHost::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::super::{Config, ConfigError};
    use super::*;

    const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/events.fifo";
    const DEAD_URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/dead.fifo";
    const LAMBDA: [(&str, &str); 5] = [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "sEcReT/key"),
        ("AWS_SESSION_TOKEN", "sEsSiOn"),
    ];

    fn read(settings: &[(&str, &str)]) -> Result<Config, Vec<ConfigError>> {
        Config::read(|name| {
            settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// What is wrong with these settings beside Lambda's own.
    fn faults(settings: &[(&str, &str)]) -> String {
        let faults = read(&[&LAMBDA, settings].concat()).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn both_queues_on_lambda_make_the_durable_mode() {
        let both = [(QUEUE, URL), (DEAD_LETTERS, DEAD_URL)];
        let queues = read(&[&LAMBDA, &both[..]].concat()).ok().unwrap().queues.unwrap();
        assert_eq!((queues.queue_url.as_str(), queues.dead_letters_url.as_str()), (URL, DEAD_URL));
        assert_eq!((queues.region.as_str(), queues.heeds_proxy), ("eu-central-1", false));
        let with_list = [&LAMBDA, &both[..], &[("no_proxy", "amazonaws.com")]].concat();
        assert!(read(&with_list).ok().unwrap().queues.unwrap().heeds_proxy);
        assert!(read(&LAMBDA).ok().unwrap().queues.is_none());
    }

    #[test]
    fn one_queue_without_the_other_stops_the_start() {
        let reported = faults(&[(QUEUE, URL)]);
        assert!(reported.starts_with("DEAD_LETTERS_URL: must be set together with QUEUE_URL"), "{reported}");
        let reported = faults(&[(DEAD_LETTERS, URL)]);
        assert!(reported.starts_with("QUEUE_URL: must be set together with DEAD_LETTERS_URL"), "{reported}");
        let reported = faults(&[(QUEUE, URL), (DEAD_LETTERS, URL)]);
        assert!(reported.contains("another queue"), "{reported}");
    }

    #[test]
    fn elsewhere_than_on_lambda_queues_stop_the_start() {
        for host in [("LISTEN", "127.0.0.1:0"), ("FC_SERVER_PORT", "9000")] {
            let read = read(&[host, (QUEUE, URL), (DEAD_LETTERS, DEAD_URL)]);
            let faults = read.err().unwrap();
            assert_eq!(faults.iter().map(|fault| fault.name).collect::<Vec<_>>(), [QUEUE, DEAD_LETTERS]);
            assert!(faults.iter().all(|fault| fault.to_string().contains("Lambda")), "{faults:?}");
        }
    }

    #[test]
    fn a_queue_is_a_fifo_queue_behind_https() {
        for good in [URL, "http://localhost:4566/000000000000/a.fifo", "http://127.0.0.1:1/0/a.fifo"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "http://sqs.eu-central-1.amazonaws.com/123456789012/events.fifo",
            "http://10.0.0.1/0/a.fifo",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/events",
            "https://sqs.eu-central-1.amazonaws.com/",
            "https://sqs.eu-central-1.amazonaws.com/.fifo",
            "https://user@sqs.eu-central-1.amazonaws.com/123456789012/events.fifo",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/events.fifo?a=b",
            "arn:aws:sqs:eu-central-1:123456789012:events.fifo",
            "events.fifo",
        ] {
            assert!(!faults(&[(QUEUE, bad), (DEAD_LETTERS, DEAD_URL)]).is_empty(), "{bad}");
        }
    }

    #[test]
    fn missing_credentials_are_told_and_no_secret_is() {
        let reported = read(&[LAMBDA[0], (QUEUE, URL), (DEAD_LETTERS, DEAD_URL)]).err().unwrap();
        assert!(reported.iter().any(|fault| fault.name == "AWS_REGION"), "{reported:?}");
        let reported = faults(&[(QUEUE, "https://a/sEsSiOn"), (DEAD_LETTERS, "sEcReT/key")]);
        assert!(!reported.contains("sEcReT") && !reported.contains("sEsSiOn"), "{reported}");
    }
}
