//! SIGTERM and SIGINT.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::io;
use std::os::unix::net::UnixStream as StdStream;
use tokio::net::UnixStream;

/// The signals that ask the process to end. tokio's own signal handling would be set up at every start,
/// on Lambda too, which sends no signals: 2.5 % of a cold start's instructions.
pub(super) struct Signals(UnixStream);

impl Signals {
    /// From now on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// What the system reports.
    pub(super) fn register() -> io::Result<Self> {
        let (reader, writer) = StdStream::pair()?;
        for signal in [SIGTERM, SIGINT] {
            pipe::register(signal, writer.try_clone()?)?;
        }
        reader.set_nonblocking(true)?;
        Ok(Self(UnixStream::from_std(reader)?))
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) {
        // Each signal is one byte.
        let mut byte = [0];
        loop {
            // If the stream is broken, no signal could arrive any more: that counts as one.
            if self.0.readable().await.is_err() {
                return;
            }
            match self.0.try_read(&mut byte) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(_) | Err(_) => return,
            }
        }
    }
}
