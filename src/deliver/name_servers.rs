//! Names as Linux resolves them: `/etc/hosts` first, then the name servers of `/etc/resolv.conf` (hosts(5),
//! resolv.conf(5)). The C library's resolver loads modules at run time, which does not work in a static binary.

use super::name_query::{self, Question};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

const DNS_PORT: u16 = 53;
// The C library's own limits (resolv.conf(5)).
const SERVERS_MAX: usize = 3;
const TIMEOUT_MAX_SECONDS: u32 = 30;
const ATTEMPTS_MAX: u32 = 5;
const NDOTS_MAX: u32 = 15;

/// What the two files say.
struct Names {
    hosts: String,
    servers: Vec<SocketAddr>,
    search: Vec<String>,
    /// A name with at least as many dots is asked for as it is before the search list is tried.
    ndots: usize,
    /// How long one server is waited for.
    timeout: Duration,
    /// How many times the servers are asked.
    attempts: u32,
    only_tcp: bool,
    only_ipv4: bool,
}

/// The addresses of a name. The files are read each time, because a network may change while the process runs.
///
/// # Errors
/// The name has no address, or no server answers.
pub(super) async fn look_up(name: String) -> io::Result<Vec<SocketAddr>> {
    let read = |path| std::fs::read(path).unwrap_or_default();
    let names = Names::parse(&read("/etc/hosts"), &read("/etc/resolv.conf"), DNS_PORT);
    let addresses = names.look_up(&name).await?;
    Ok(addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
}

impl Names {
    /// Reads the files. What cannot be understood in them is passed over.
    fn parse(hosts: &[u8], resolv_conf: &[u8], port: u16) -> Self {
        let (conf, _) = resolv_conf::Config::parse_with_errors(resolv_conf);
        let mut servers: Vec<IpAddr> = conf.nameservers.iter().map(IpAddr::from).collect();
        if servers.is_empty() {
            servers.push(Ipv4Addr::LOCALHOST.into());
        }
        Self {
            hosts: String::from_utf8_lossy(hosts).into_owned(),
            servers: servers.into_iter().take(SERVERS_MAX).map(|ip| SocketAddr::new(ip, port)).collect(),
            search: conf.get_last_search_or_domain().cloned().collect(),
            ndots: usize::try_from(conf.ndots.min(NDOTS_MAX)).unwrap_or_default(),
            timeout: Duration::from_secs(conf.timeout.clamp(1, TIMEOUT_MAX_SECONDS).into()),
            attempts: conf.attempts.clamp(1, ATTEMPTS_MAX),
            only_tcp: conf.use_vc,
            only_ipv4: conf.no_aaaa,
        }
    }

    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let known = self.known(name);
        if !known.is_empty() {
            return Ok(known);
        }
        // Always this machine (RFC 6761, section 6.3); a container may have no `/etc/hosts`.
        if name.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let mut failure = io::ErrorKind::NotFound.into();
        for candidate in self.candidates(name) {
            match self.ask_all(&candidate).await {
                Ok(addresses) if addresses.is_empty() => {}
                Ok(addresses) => return Ok(addresses),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The addresses in `/etc/hosts`; with one of them, no server is asked.
    fn known(&self, name: &str) -> Vec<IpAddr> {
        let name = name.trim_end_matches('.');
        let address = |line: &str| {
            let mut words = line.split('#').next()?.split_whitespace();
            let address = words.next()?.parse().ok()?;
            words.any(|word| word.trim_end_matches('.').eq_ignore_ascii_case(name)).then_some(address)
        };
        self.hosts.lines().filter_map(address).collect()
    }

    /// The names to ask for, in turn.
    fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let mut candidates: Vec<String> =
            self.search.iter().map(|domain| format!("{name}.{domain}")).collect();
        let dots = name.matches('.').count();
        let place = if dots >= self.ndots { 0 } else { candidates.len() };
        candidates.insert(place, name.to_owned());
        candidates
    }

    /// Asks one server after the other until one answers. An empty answer is one too: there is no such name.
    async fn ask_all(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut failure = io::ErrorKind::NotFound.into();
        for _ in 0..self.attempts {
            for server in &self.servers {
                match self.ask(*server, name).await {
                    Ok(addresses) => return Ok(addresses),
                    Err(error) => failure = error,
                }
            }
        }
        Err(failure)
    }

    /// Asks a server for both kinds of addresses at the same time.
    async fn ask(&self, server: SocketAddr, name: &str) -> io::Result<Vec<IpAddr>> {
        let ask = |question| name_query::ask(server, name, question, self.timeout, self.only_tcp);
        if self.only_ipv4 {
            return ask(Question::Ipv4).await;
        }
        match tokio::join!(ask(Question::Ipv4), ask(Question::Ipv6)) {
            (Ok(ipv4), Ok(ipv6)) => Ok([ipv4, ipv6].concat()),
            // Half an answer with an address is better than another server's.
            (Ok(addresses), Err(_)) | (Err(_), Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot set itself up should stop"
)]
mod tests;
