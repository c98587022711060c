//! Why PagerDuty could not be reached, read from the client's error.

use crate::error::Unreached;
use std::error::Error;
use std::io;

/// Why no answer came, as far as the error says.
pub(super) fn reason(error: &reqwest::Error) -> Unreached {
    let is_connect = error.is_connect();
    if error.is_dns() {
        Unreached::Dns
    } else if is_caused(error, &is_tls) || is_connect && is_caused(error, &is_early_end) {
        Unreached::Tls
    } else if is_connect && error.is_timeout() {
        Unreached::TimedOut
    } else if is_connect {
        Unreached::Connect
    } else {
        Unreached::BrokenOff
    }
}

/// Whether the error, or one that it was caused by, is such a one.
fn is_caused(error: &(dyn Error + 'static), is_such: &dyn Fn(&(dyn Error + 'static)) -> bool) -> bool {
    if is_such(error) {
        return true;
    }
    // The sources of an `io::Error` do not include the error that it wraps.
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => is_caused(wrapped, is_such),
        None => error.source().is_some_and(|source| is_caused(source, is_such)),
    }
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
}

/// While connecting only the TLS handshake reads anything that could end too early.
fn is_early_end(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}
