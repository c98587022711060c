//! Writes the samples of `events/` and a dictionary into `fuzz/corpus`, where libFuzzer looks for them.

use arms_pagerduty_fuzz::seeds;
use std::io::{self, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    let count = seeds::write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"))?;
    writeln!(io::stdout(), "{count} samples to begin with")
}
