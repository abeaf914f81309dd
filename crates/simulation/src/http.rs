//! The one HTTP client that looks at the product from outside.

use std::time::Duration;

use anyhow::Context as _;

/// A client for loopback addresses, no proxies, every call bounded.
pub fn client() -> anyhow::Result<reqwest::Client> {
    // A second call finds the provider installed and fails harmlessly.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(Duration::from_secs(15))
        .no_proxy()
        .build()
        .context("cannot build an HTTP client")
}
