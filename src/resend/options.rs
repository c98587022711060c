//! The arguments of `resend`.

use std::ffi::OsString;
use std::path::PathBuf;

/// The name that means standard input.
pub(super) const STDIN: &str = "-";

/// What is to be read, and whether anything is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The files with log lines; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// `--dry-run`: only shows what would be sent.
    pub is_dry_run: bool,
}

impl Options {
    /// Reads the arguments behind `resend`.
    ///
    /// # Errors
    /// The first argument that looks like an option and is none.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Self { files: Vec::new(), is_dry_run: false };
        for argument in arguments {
            let text = argument.to_string_lossy();
            if text == "--dry-run" {
                options.is_dry_run = true;
            } else if text != STDIN && text.starts_with('-') {
                return Err(text.into_owned());
            } else {
                options.files.push(PathBuf::from(argument));
            }
        }
        if options.files.is_empty() {
            options.files.push(PathBuf::from(STDIN));
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_may_be_several_and_standard_input_is_read_if_there_are_none() {
        for (arguments, files, is_dry_run) in [
            (&[][..], &["-"][..], false),
            (&["--dry-run"], &["-"], true),
            (&["a", "-", "--dry-run", "b c"], &["a", "-", "b c"], true),
        ] {
            let files = files.iter().map(PathBuf::from).collect();
            let options = Options::read(arguments.iter().map(OsString::from));
            assert_eq!(options, Ok(Options { files, is_dry_run }), "{arguments:?}");
        }
        assert_eq!(Options::read(["a", "--dry"].map(OsString::from)), Err("--dry".to_owned()));
    }
}
