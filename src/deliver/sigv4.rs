//! Signature Version 4 (AWS, "Create a signed AWS API request"), for a POST to a path without anything
//! to be escaped and without a query.

use crate::config::Credentials;
use ring::{digest, hmac};
use std::fmt::Write;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// `YYYYMMDD` at the start of a time.
const DATE_CHARS: usize = 8;

/// For whom, where and when a request is signed.
pub(super) struct Scope<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// As `YYYYMMDDTHHMMSSZ`.
    pub(super) time: &'a str,
}

/// The header `Authorization` of a POST to `path`. `headers` are those that are signed, in lower case and
/// sorted by name: `host` and `x-amz-date` among them, and `x-amz-security-token` if there is one.
pub(super) fn authorization(scope: &Scope, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        lines.extend([name, ":", value.trim(), "\n"]);
    }
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let canonical_request = format!("POST\n{path}\n\n{lines}\n{names}\n{}", sha256_hex(body));

    let Scope { credentials, region, service, time } = scope;
    let date = time.get(..DATE_CHARS).unwrap_or(time);
    let place = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = format!("{ALGORITHM}\n{time}\n{place}\n{}", sha256_hex(canonical_request.as_bytes()));

    let secret = format!("AWS4{}", credentials.secret_access_key.expose());
    let mut key = hmac_sha256(secret.as_bytes(), date);
    for part in [region, service, "aws4_request"] {
        key = hmac_sha256(key.as_ref(), part);
    }
    let signature = hex(hmac_sha256(key.as_ref(), &to_sign).as_ref());
    let id = &credentials.access_key_id;
    format!("{ALGORITHM} Credential={id}/{place}, SignedHeaders={names}, Signature={signature}")
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// Lower-case hexadecimal SHA-256.
fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AwsSecret;

    /// The session token of AWS's signing test suite.
    const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflf\
        KD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8T\
        x6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlT\
        JabIQwj2ICCR/oLxBA==";

    /// The signature in the setting of AWS's signing test suite (aws-c-auth, "aws-signing-test-suite").
    fn signature(headers: &[(&str, &str)], body: &[u8]) -> (String, String) {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: AwsSecret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: None,
        };
        let time = "20150830T123600Z";
        let scope = Scope { credentials: &credentials, region: "us-east-1", service: "service", time };
        let written = authorization(&scope, "/", headers, body);
        let (head, signature) = written.rsplit_once("Signature=").unwrap_or_default();
        (head.to_owned(), signature.to_owned())
    }

    #[test]
    fn the_vectors_that_aws_has_published_come_out() {
        let (host, date) = (("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z"));
        let form = ("content-type", "application/x-www-form-urlencoded");
        let sha256 = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
        let hashed = ("x-amz-content-sha256", sha256);
        let token = ("x-amz-security-token", TOKEN);
        let empty: &[u8] = b"";
        for (name, headers, body, wanted) in [
            (
                "post-vanilla",
                &[host, date][..],
                empty,
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "post-x-www-form-urlencoded, of botocore's copy",
                &[form, host, date],
                b"Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                "post-x-www-form-urlencoded",
                &[("content-length", "13"), form, host, hashed, date],
                b"Param1=value1",
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
            (
                "post-sts-header-before",
                &[host, date, token],
                empty,
                "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
            ),
        ] {
            assert_eq!(signature(headers, body).1, wanted, "{name}");
        }
    }

    #[test]
    fn the_header_names_key_scope_and_signed_headers_and_no_secret() {
        let (head, signature) = signature(&[("host", "a"), ("x-amz-date", "b")], b"x");
        let wanted = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                      SignedHeaders=host;x-amz-date, ";
        assert_eq!((head.as_str(), signature.len()), (wanted, 64));
    }
}
