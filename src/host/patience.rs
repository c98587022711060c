//! How long a client may take before its request's head is there.
//!
//! hyper's own limit also runs while a kept connection is idle, and Function Compute wants idle
//! connections kept (Function Compute, "Custom runtime: keep-alive"). Here the time runs from the
//! first byte of a head, or from the start of a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a head may take, from its first byte.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// Where a connection stands; the service tells, the reader listens.
#[derive(Clone)]
pub(super) struct Phase(Arc<AtomicU8>);

const HEAD: u8 = 0;
const BUSY: u8 = 1;
const IDLE: u8 = 2;

impl Phase {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(HEAD)))
    }

    /// A head has come: the client waits for us.
    pub(super) fn busy(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    /// The answer is on its way: we wait for the client.
    pub(super) fn idle(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }
}

/// A connection whose reads fail when the client takes too long.
pub(super) struct Patient<T> {
    inner: T,
    phase: Phase,
    /// The phase that `timer` was set for.
    timed: u8,
    timer: Pin<Box<Sleep>>,
    idle_max: Option<Duration>,
}

impl<T> Patient<T> {
    /// `idle_max` is how long a connection may be kept without a request; `None` for ever.
    pub(super) fn new(inner: T, phase: Phase, idle_max: Option<Duration>) -> Self {
        Self { inner, phase, timed: HEAD, timer: Box::pin(sleep(HEAD_WITHIN)), idle_max }
    }

    fn limit(&self, phase: u8) -> Option<Duration> {
        match phase {
            HEAD => Some(HEAD_WITHIN),
            IDLE => self.idle_max,
            _ => None,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        let mut phase = self.phase.0.load(Ordering::Relaxed);
        if read.is_ready() {
            if phase == IDLE && buffer.filled().len() > before {
                self.phase.0.store(HEAD, Ordering::Relaxed);
            }
            return read;
        }
        if phase != self.timed {
            self.timed = phase;
            if let Some(limit) = self.limit(phase) {
                self.timer.as_mut().reset(Instant::now() + limit);
            }
        }
        if self.limit(phase).is_none() {
            return Poll::Pending;
        }
        ready!(self.timer.as_mut().poll(context));
        phase = BUSY;
        self.timed = phase;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
