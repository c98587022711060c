//! The fuzz targets without nightly and without libFuzzer: seeds from `events/`, a mutator of its own,
//! the same numbers every time.
//!
//! `cargo run --release --example stable -- --seconds 60`; a finding is kept in `fuzz/artifacts`, and
//! `--input FILE --target NAME` runs it again.

use arms_pagerduty_fuzz::{PIECES, TARGETS, Target, seeds};
use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const INPUT_MAX_BYTES: usize = 32 * 1024;
const CORPUS_MAX: usize = 4_096;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let value =
        |name: &str| arguments.iter().position(|known| known == name).and_then(|at| arguments.get(at + 1));
    let seconds: u64 = value("--seconds").map_or(Ok(60), |text| text.parse())?;
    let wanted = value("--target");
    let targets: Vec<_> =
        TARGETS.into_iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name)).collect();
    if let Some(path) = value("--input") {
        let input = fs::read(path)?;
        for (_, target) in &targets {
            target(&input);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let each = Duration::from_secs(seconds) / u32::try_from(targets.len().max(1))?;
    let mut failed = 0;
    for (name, target) in &targets {
        let mut random = Random(0x5eed);
        let (executions, finding) = run(*target, each, &mut random)?;
        writeln!(io::stdout(), "{name}: {executions} executions")?;
        if let Some(input) = finding {
            failed += 1;
            let path = seeds::folder().join("artifacts").join(format!("stable-{name}"));
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(&path, input)?;
            writeln!(io::stdout(), "FAIL {name}: --target {name} --input {}", path.display())?;
        }
    }
    writeln!(io::stdout(), "{} passed, {failed} failed", targets.len() - failed)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How often the target ran, and the input at which it panicked.
fn run(target: Target, within: Duration, random: &mut Random) -> io::Result<(u64, Option<Vec<u8>>)> {
    let mut corpus: Vec<Vec<u8>> = seeds::bodies()?.into_iter().map(|(_, body)| body).collect();
    let begun = Instant::now();
    let mut executions = 0;
    while begun.elapsed() < within {
        // The seeds themselves first.
        let input = match corpus.get(usize::try_from(executions).unwrap_or(usize::MAX)) {
            Some(seed) => seed.clone(),
            None => mutant(&corpus, random),
        };
        executions += 1;
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            return Ok((executions, Some(input)));
        }
        // Without coverage nothing says which mutants are worth keeping: some are, so that changes add up.
        if random.below(64) == 0 {
            if corpus.len() < CORPUS_MAX {
                corpus.push(input);
            } else {
                let place = random.below(CORPUS_MAX);
                corpus[place] = input;
            }
        }
    }
    Ok((executions, None))
}

fn mutant(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        let end = at + random.below(input.len() - at + 1);
        match random.below(8) {
            0 => input.insert(at, random.byte()),
            1 if at < input.len() => input[at] = random.byte(),
            2 => drop(input.drain(at..end.min(at + 32))),
            3 => drop(input.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
            4 => drop(input.splice(at..end.min(at + 16), PIECES[random.below(PIECES.len())].bytes())),
            5 => {
                let unit = input[at..end.min(at + 64)].to_vec();
                let times = 1 << random.below(8);
                input.splice(at..at, unit.repeat(times));
            }
            6 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                let piece = other[from..].iter().copied().take(1 + random.below(256)).collect::<Vec<_>>();
                input.splice(at..at, piece);
            }
            _ => input.iter_mut().take(2).for_each(|choice| *choice = random.byte()),
        }
        input.truncate(INPUT_MAX_BYTES);
    }
    input
}

/// Vigna's `SplitMix64`: small, and good enough to choose.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// 0 up to `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap_or(1)).unwrap_or_default()
    }
}
