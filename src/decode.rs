//! How a body is encoded: `Content-Encoding` and UTF-16.

use crate::error::Error;
use crate::request::header_text;
use crate::webhook::BODY_MAX_BYTES;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header;
use http::request::Parts;
use std::borrow::Cow;
use std::io::Read;

/// The body without its `Content-Encoding`.
///
/// # Errors
/// An unknown encoding, a body that is not encoded so, or one that is too large once it is decoded.
pub fn content<'a>(head: &Parts, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
    let header = head.headers.get(header::CONTENT_ENCODING).and_then(header_text).unwrap_or_default();
    match header.to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Cow::Borrowed(body)),
        "gzip" | "x-gzip" => inflate(MultiGzDecoder::new(body)).map(Cow::Owned),
        // By its definition in zlib's format, but some clients send it without.
        "deflate" => match inflate(ZlibDecoder::new(body)) {
            Err(Error::BadEncoding) => inflate(DeflateDecoder::new(body)).map(Cow::Owned),
            other => other.map(Cow::Owned),
        },
        _ => Err(Error::UnknownEncoding),
    }
}

/// Decompresses up to the largest body that is taken, and no further.
fn inflate(reader: impl Read) -> Result<Vec<u8>, Error> {
    let limit = u64::try_from(BODY_MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut decoded = Vec::new();
    reader.take(limit).read_to_end(&mut decoded).map_err(|_| Error::BadEncoding)?;
    if decoded.len() > BODY_MAX_BYTES { Err(Error::TooLarge) } else { Ok(decoded) }
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
