//! The first event over TLS, with the share of a core that Lambda gives a function of 128 MB.
//!
//! Lambda starts a function with a whole core and throttles it from the first invocation on. So a program starts, asks for
//! an event, and is throttled then. Its connection ends with the check of the certificate, because no program trusts
//! one for loopback. By then it has done everything expensive: read its CA roots, exchanged keys, and verified.

use crate::Fault;
use crate::function::Function;
use crate::program::Program;
use crate::report::{median, milliseconds, p90};
use axum::body::Bytes;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, rustls};

const RUNS: usize = 15;
/// 128 of the 1,769 MB that bring one core (AWS, "Configure Lambda function memory"): a fourteenth. The quota is the least
/// that the kernel takes, in microseconds.
const QUOTA: &str = "1000";
const PERIOD: &str = "14000";
const WITHIN: Duration = Duration::from_secs(20);

/// Prints for each program that speaks TLS how long the check takes after the event came.
pub(crate) async fn measure(programs: &[Program], event: &Bytes) -> Result<(), Fault> {
    let group = match Group::new() {
        Ok(group) => group,
        Err(error) => {
            println!("LEFT OUT: the first event over TLS, for no CPU group can be made here: {error}");
            return Ok(());
        }
    };
    println!(
        "\nfirst event over TLS at a fourteenth of a core, until the certificate is refused: {RUNS} starts each"
    );
    for program in programs.iter().filter(|program| !program.name.starts_with("hello")) {
        let mut took = Vec::new();
        for _ in 0..RUNS {
            took.push(milliseconds(first_handshake(program, event, &group).await?));
        }
        println!("{:<20} {:>8.1} ms (p90 {:.1})", program.name, median(&took), p90(&took));
    }
    Ok(())
}

async fn first_handshake(program: &Program, event: &Bytes, group: &Group) -> Result<Duration, Fault> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("https://{}/", listener.local_addr()?);
    let acceptor = acceptor()?;
    let mut function = Function::start(program, &url, None).await?;
    function.idle().await?;
    group.take(function.id())?;
    let given = Instant::now();
    function.give(event)?;
    let (stream, _) = timeout(WITHIN, listener.accept()).await??;
    stream.set_nodelay(true)?;
    match timeout(WITHIN, acceptor.accept(stream)).await? {
        Ok(_) => Err(format!("{} trusts a self-signed certificate", program.name).into()),
        Err(_) => Ok(given.elapsed()),
    }
}

/// A server with a self-signed certificate.
fn acceptor() -> Result<TlsAcceptor, Fault> {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A group of processes that share a fourteenth of a core; it is removed at the end.
struct Group(PathBuf);

impl Group {
    /// Makes it where version 1 or 2 of the kernel's control groups is mounted.
    fn new() -> std::io::Result<Self> {
        let name = format!("arms-pagerduty-bench-{}", std::process::id());
        let (first, second) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        let is_first = first.is_dir();
        let group = Self(if is_first { first } else { second }.join(name));
        fs::create_dir(&group.0)?;
        if is_first {
            fs::write(group.0.join("cpu.cfs_period_us"), PERIOD)?;
            fs::write(group.0.join("cpu.cfs_quota_us"), QUOTA)?;
        } else {
            fs::write(group.0.join("cpu.max"), format!("{QUOTA} {PERIOD}"))?;
        }
        Ok(group)
    }

    fn take(&self, process: u32) -> std::io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), process.to_string())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its processes have been ended and waited for.
        let _ = fs::remove_dir(&self.0);
    }
}
