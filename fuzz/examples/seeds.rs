//! Writes the samples of `events/` into `fuzz/corpus/body`, where libFuzzer looks for them.

use arms_pagerduty_fuzz::seeds;
use std::io::{self, Write};

fn main() -> io::Result<()> {
    let corpus = seeds::folder().join("corpus/body");
    let count = seeds::write(&corpus)?;
    writeln!(io::stdout(), "{count} seeds in {}", corpus.display())
}
