//! Which base URLs may stand in for PagerDuty's.

use crate::event::Api;
use std::net::Ipv6Addr;
use url::{Host, Url};

/// The URL with a slash at its end, or what it must be instead.
pub(super) fn check(value: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(value).map_err(|_| "may be a base URL, as in https://proxy.example.com")?;
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
                "may be an https URL; plain http only for localhost and loopback or private IP addresses",
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
