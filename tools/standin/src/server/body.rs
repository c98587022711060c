//! An answer's body that can break off.

use std::future::{pending, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

/// How an answer ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// With its last byte.
    Whole,
    /// In its middle, and the connection with it.
    Cut,
    /// Never, in its middle.
    Stall,
}

pub(super) type AnswerBody = BoxBody<Bytes, std::io::Error>;

/// An answer with this body; where it breaks off, its announced length is the whole's all the same.
pub(super) fn respond(whole: &Bytes, ending: Ending) -> Response<AnswerBody> {
    if let Ending::Whole = ending {
        return Response::new(Full::new(whole.clone()).map_err(|never| match never {}).boxed());
    }
    let half = stream::once(ready(Ok(Frame::data(whole.slice(..whole.len() / 2)))));
    let rest = stream::once(async move {
        if let Ending::Stall = ending {
            pending::<()>().await;
        }
        // hyper writes out what it has when the body makes it wait, and drops it when the body fails.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(super::hang_up())
    });
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(Box::pin(half.chain(rest)))));
    // An answer without a body could not break off: one byte that never comes is announced then.
    response.headers_mut().insert(header::CONTENT_LENGTH, whole.len().max(1).into());
    response
}
