//! How connections to PagerDuty are encrypted.

use std::sync::Arc;

/// The CA roots are bundled: reading the platform's store costs a cold start up to 35 ms, and Function
/// Compute's runtimes do not promise one.
pub(super) fn client_config() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    #[expect(clippy::expect_used, reason = "ring supports both versions; every test would fail otherwise")]
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3");
    builder.with_root_certificates(roots).with_no_client_auth()
}
