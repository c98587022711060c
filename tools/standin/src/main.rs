//! `standin serve [ADDRESS]`: a PagerDuty Events API at this address, else on loopback and a free port. It prints its URL
//! and serves until it is ended. Requests from this machine may also ask what arrived and order faults (`control.rs`).

use std::io::{self, Write};

use pagerduty_standin::{Options, Standin};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => None,
        ["serve", address] => Some(address.parse().map_err(io::Error::other)?),
        _ => return Err(io::Error::other("usage: standin serve [ADDRESS:PORT]")),
    };
    let standin = Standin::start(Options { address, control: true, ..Options::default() }).await?;
    writeln!(io::stdout(), "{}", standin.url())?;
    std::future::pending().await
}
