//! How a body is encoded: `Content-Encoding` and UTF-16.

use crate::error::Error;
use crate::request::header_text;
use crate::webhook::BODY_MAX_BYTES;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header;
use http::request::Parts;
use std::borrow::Cow;
use std::io::Read;

/// The body without its `Content-Encoding`. A body that is not encoded as its header says is taken as it
/// is: a proxy may have decoded it and left the header.
///
/// # Errors
/// An unknown encoding, and a body that is too large once it is decoded.
pub fn content<'a>(head: &Parts, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    let header = head.headers.get(header::CONTENT_ENCODING).and_then(header_text).unwrap_or_default();
    let decoded = match header.to_ascii_lowercase().as_str() {
        "" | "identity" => Vec::new(),
        "gzip" | "x-gzip" => inflate(MultiGzDecoder::new(body))?.bytes,
        "deflate" => deflated(body)?,
        _ => return Err(Error::UnknownEncoding),
    };
    Ok(if decoded.is_empty() { Cow::Borrowed(body) } else { Cow::Owned(decoded) })
}

/// By its definition `deflate` is zlib's format, but some clients send it without a header. Without one,
/// almost any bytes begin like a compressed text, so only a whole one counts.
fn deflated(body: &[u8]) -> Result<Vec<u8>, Error> {
    let with_header = inflate(ZlibDecoder::new(body))?;
    if !with_header.bytes.is_empty() {
        return Ok(with_header.bytes);
    }
    let without = inflate(DeflateDecoder::new(body))?;
    Ok(if without.is_whole { without.bytes } else { Vec::new() })
}

/// A decompressed body, or its beginning.
struct Inflated {
    bytes: Vec<u8>,
    is_whole: bool,
}

/// Decompresses up to the largest body that is taken, and no further. What was decompressed before a fault
/// is kept: of a body that was cut off, the beginning.
fn inflate(reader: impl Read) -> Result<Inflated, Error> {
    let limit = u64::try_from(BODY_MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    // A fault ends the reading; what it has read so far is in the buffer.
    let is_whole = reader.take(limit).read_to_end(&mut bytes).is_ok();
    if bytes.len() > BODY_MAX_BYTES { Err(Error::TooLarge) } else { Ok(Inflated { bytes, is_whole }) }
}

/// The body as text: UTF-16 if it begins with a byte-order mark of that, else UTF-8.
#[must_use]
pub fn text(body: &[u8]) -> Cow<'_, str> {
    let units = |to_unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = body.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| to_unit(*pair)).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match body {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(body),
    }
}
