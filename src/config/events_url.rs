//! The setting `PAGERDUTY_EVENTS_URL`.

use crate::event::Api;
use std::net::Ipv6Addr;
use url::{Host, Url};

/// The base URL to which the paths of the APIs are appended.
///
/// # Errors
/// What the setting must be.
pub(super) fn check(value: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(value).map_err(|_| {
        if value.is_ascii() {
            "must be a base URL, as in https://proxy.example.com"
        } else {
            "must be a base URL with its host in ASCII, as in https://xn--fiqs8s.example.com"
        }
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold user info (the value is not shown)");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must be a base URL without query and fragment (the value is not shown)");
    }
    let path = url.path().trim_end_matches('/');
    if Api::ALL.iter().any(|api| path.ends_with(api.path())) {
        return Err("must be a base URL: the path of the API is appended to it");
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => {}
        ("http", Some(host)) if is_near(&host) => {}
        _ => {
            return Err(
                "must be an https URL; plain http only for localhost and loopback or private IP addresses",
            );
        }
    }
    // The paths of the APIs are appended to it.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether what is sent in the clear stays on this machine or network.
fn is_near(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback() || address.is_private(),
        Host::Ipv6(address) => is_near_v6(*address),
    }
}

fn is_near_v6(address: Ipv6Addr) -> bool {
    match address.to_ipv4_mapped() {
        Some(mapped) => mapped.is_loopback() || mapped.is_private(),
        None => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_no_further_than_the_private_network() {
        for good in [
            "https://proxy.example.com",
            "https://proxy.example.com/pagerduty",
            "https://xn--fiqs8s.example.com",
            "http://localhost:8080",
            "http://127.0.0.1:8080/",
            "http://[::1]:8080",
            "http://10.1.2.3",
            "http://172.16.0.1",
            "http://192.168.0.1",
            "http://[fd00::1]",
            "http://[::ffff:127.0.0.1]",
            "http://[::ffff:10.0.0.1]",
        ] {
            let url = check(good).ok().unwrap();
            // A mapped address is written in another way.
            let starts = url.as_str().starts_with(good) || good.contains("ffff");
            assert!(starts && url.path().ends_with('/'), "{url}");
        }
        for bad in [
            "events.pagerduty.com",
            // The function has no tables for other scripts: see `idna_adapter` in Cargo.toml.
            "https://中国.example.com",
            "http://events.pagerduty.com",
            "http://8.8.8.8",
            "http://172.32.0.1",
            "http://localhost.example.com",
            "http://[2001:db8::1]",
            "http://[::ffff:8.8.8.8]",
            "ftp://localhost",
            "https://user@example.com",
            "https://example.com/?a=b",
            "https://events.pagerduty.com/v2/enqueue",
            "https://events.pagerduty.com/v2/change/enqueue/",
            "https://events.pagerduty.com/generic/2010-04-15/create_event.json",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
