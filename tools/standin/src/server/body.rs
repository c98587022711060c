//! An answer's body that can break off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With its last byte.
    Whole,
    /// In its middle, and the connection with it.
    Cut,
    /// Never, in its middle.
    Stall,
}

/// The body; its announced length is always the whole's.
#[derive(Debug)]
pub(super) struct AnswerBody {
    rest: Bytes,
    announced_bytes: u64,
    ending: Ending,
    is_flushed: bool,
}

impl AnswerBody {
    pub(super) fn new(whole: &Bytes, ending: Ending) -> Self {
        // An answer without a body could not break off: one byte that never comes is announced then.
        let announced = if ending == Ending::Whole { whole.len() } else { whole.len().max(1) };
        let sent = if ending == Ending::Whole { whole.len() } else { whole.len() / 2 };
        let announced_bytes = u64::try_from(announced).unwrap_or(u64::MAX);
        Self { rest: whole.slice(..sent), announced_bytes, ending, is_flushed: false }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))));
        }
        match self.ending {
            Ending::Whole => Poll::Ready(None),
            Ending::Stall => Poll::Pending,
            // hyper writes out what it has when the body makes it wait, and drops it when the body fails.
            Ending::Cut if !self.is_flushed => {
                self.is_flushed = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Cut => Poll::Ready(Some(Err(io::Error::other("the stand-in cuts the answer")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ending == Ending::Whole && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced_bytes)
    }
}
