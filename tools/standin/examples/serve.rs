//! A stand-in for scripts: `serve [ADDRESS]` prints its URL, then the alerts and change events as one line of JSON
//! after whatever changes them. It ends with its standard input.

use pagerduty_standin::{Options, Standin};
use serde_json::json;
use std::io::{self, Read, Write};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).map(|text| text.parse().map_err(io::Error::other)).transpose()?;
    let standin = Standin::start(Options { address, ..Options::default() }).await?;
    std::thread::spawn(|| {
        // However it ends, whoever started this is gone.
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let mut out = io::stdout();
    writeln!(out, "{}", standin.url())?;
    let mut revision = standin.subscribe();
    while revision.changed().await.is_ok() {
        writeln!(out, "{}", json!({"alerts": standin.alerts(), "changes": standin.changes()}))?;
        out.flush()?;
    }
    Ok(())
}
