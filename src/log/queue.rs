//! Lines on their way to a reader that may have stopped reading.
//!
//! Paging must go on when nobody takes the log. So lines wait in a bounded queue, and a thread of its
//! own writes them. When the queue is full, lines are dropped and counted.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most bytes of lines that wait.
const WAITING_MAX_BYTES: usize = 4 * 1024 * 1024;
/// What may wait beside them: only lines that must be kept.
const RESERVE_BYTES: usize = 8 * 1024 * 1024;
const STACK_BYTES: usize = 128 * 1024;

/// How bad it is to lose a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// It reports what happened.
    Ordinary,
    /// It holds an event that PagerDuty does not have: dropped last.
    Keep,
}

/// The lines that wait to be written.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    lines: VecDeque<(Worth, Vec<u8>)>,
    /// Of all `lines`, and of the one that is being written.
    bytes: usize,
    /// Lines that were dropped since a line last reported how many.
    dropped: u64,
}

impl Queue {
    /// A queue whose thread writes to `out`. `dropped_line` makes the line that tells how many lines were
    /// dropped.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        dropped_line: fn(u64) -> Vec<u8>,
    ) -> std::io::Result<Arc<Self>> {
        let state = State { lines: VecDeque::new(), bytes: 0, dropped: 0 };
        let queue = Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() });
        let writing = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name("log".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(move || writing.write_to(out, dropped_line))?;
        Ok(queue)
    }

    /// Adds a line, or drops it if there is no room.
    pub(super) fn push(&self, worth: Worth, line: Vec<u8>) {
        let mut state = self.state();
        if worth == Worth::Keep && !state.has_room(worth, line.len()) {
            state.drop_ordinary();
        }
        if state.has_room(worth, line.len()) {
            state.bytes += line.len();
            state.lines.push_back((worth, line));
        } else {
            state.dropped += 1;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until everything is written, but no longer than `within`.
    pub(super) fn flush(&self, within: Duration) {
        let is_busy = |state: &mut State| state.bytes > 0 || state.dropped > 0;
        // Time is up or nothing is left: in both cases there is nothing more to do.
        let _ = self.changed.wait_timeout_while(self.state(), within, is_busy);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut out: impl Write, dropped_line: fn(u64) -> Vec<u8>) {
        loop {
            let line = self.next_line();
            // There is no other place to report that the log cannot be written.
            let _ = out.write_all(&line).and_then(|()| out.flush());
            let dropped = self.state().dropped;
            if dropped > 0 {
                let _ = out.write_all(&dropped_line(dropped)).and_then(|()| out.flush());
            }
            self.written(line.len(), dropped);
        }
    }

    fn next_line(&self) -> Vec<u8> {
        let mut state = self.state();
        loop {
            if let Some((_, line)) = state.lines.pop_front() {
                return line;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that a line has been written, and how many dropped ones it reported.
    fn written(&self, bytes: usize, dropped: u64) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(bytes);
        state.dropped = state.dropped.saturating_sub(dropped);
        drop(state);
        self.changed.notify_all();
    }
}

impl State {
    fn has_room(&self, worth: Worth, bytes: usize) -> bool {
        let max = match worth {
            Worth::Ordinary => WAITING_MAX_BYTES,
            Worth::Keep => WAITING_MAX_BYTES + RESERVE_BYTES,
        };
        self.bytes + bytes <= max
    }

    fn drop_ordinary(&mut self) {
        let (bytes, dropped) = (&mut self.bytes, &mut self.dropped);
        self.lines.retain(|(worth, line)| {
            if *worth == Worth::Ordinary {
                *bytes = bytes.saturating_sub(line.len());
                *dropped += 1;
            }
            *worth == Worth::Keep
        });
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::*;
    use std::io;
    use std::sync::mpsc;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A reader that takes a line whenever it is told to.
    struct Stalling {
        go: mpsc::Receiver<()>,
        taken: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Stalling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // When the test has let go of the other end, lines flow.
            let _ = self.go.recv();
            let _ = self.taken.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A queue that is full of ordinary lines, with what holds it up and what is read from it.
    fn full() -> (Arc<Queue>, mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>) {
        let (going, go) = mpsc::channel();
        let (taking, taken) = mpsc::channel();
        let queue =
            Queue::start(Stalling { go, taken: taking }, |dropped| format!("{dropped} dropped").into())
                .unwrap();
        for _ in 0..5 {
            queue.push(Worth::Ordinary, vec![b'o'; 1024 * 1024]);
        }
        (queue, going, taken)
    }

    fn read(taken: &mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
        taken.recv_timeout(PATIENCE).unwrap()
    }

    #[test]
    fn a_reader_that_stops_costs_lines_and_is_told_how_many() {
        let (queue, going, taken) = full();
        queue.push(Worth::Keep, b"kept".to_vec());
        queue.flush(Duration::from_millis(10));
        drop(going);
        assert_eq!(read(&taken).len(), 1024 * 1024);
        assert_eq!(read(&taken), b"1 dropped");
        for _ in 0..3 {
            assert_eq!(read(&taken).len(), 1024 * 1024);
        }
        assert_eq!(read(&taken), b"kept");
        queue.flush(PATIENCE);
        queue.push(Worth::Ordinary, b"next".to_vec());
        assert_eq!(read(&taken), b"next");
    }

    #[test]
    fn ordinary_lines_make_room_for_undelivered_events() {
        let (queue, going, taken) = full();
        for _ in 0..11 {
            queue.push(Worth::Keep, vec![b'k'; 1024 * 1024]);
        }
        drop(going);
        let mut lines = Vec::new();
        queue.flush(PATIENCE);
        while let Ok(line) = taken.recv_timeout(Duration::from_millis(100)) {
            lines.push(line);
        }
        let kept = lines.iter().filter(|line| line.starts_with(b"k")).count();
        let ordinary = lines.iter().filter(|line| line.starts_with(b"o")).count();
        assert_eq!(kept, 11);
        assert!(ordinary <= 1, "only the line that was being written: {ordinary}");
    }
}
