//! Addresses of HTTP services.

use std::fmt;

use url::{Host, Url};

use crate::reader::Parsed;

/// An `http` or `https` address without user, query and fragment; written without a slash at the end, so
/// that a path can be appended.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    text: String,
    loopback: bool,
    encrypted: bool,
}

impl HttpUrl {
    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it can only lead to this machine: `localhost` or a loopback IP address.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let url = Url::parse(text).map_err(|_| "is not an http:// or https:// address")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("is not an http:// or https:// address".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not carry a user or a password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must not carry a query or a fragment".to_owned());
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err("names no host".to_owned()),
        };
        let encrypted = url.scheme() == "https";
        Ok(Self { text: url.as_str().trim_end_matches('/').to_owned(), loopback, encrypted })
    }

    /// As [`Self::parse`], and plain text never leaves this machine. `what` is named as that which it would give away.
    pub(crate) fn parse_encrypted_or_loopback(text: &str, what: &str) -> Parsed<Self> {
        let url = Self::parse(text)?;
        if url.encrypted || url.loopback {
            Ok(url)
        } else {
            Err(format!("would send {what} unencrypted to another machine"))
        }
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A host name or IP address as [`Url::host_str`] writes it: lower case, IPv6 in brackets.
pub(crate) fn parse_host(text: &str) -> Parsed<String> {
    let plausible = |text: &str| {
        text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'[' | b']' | b':'))
    };
    match Host::parse(text) {
        Ok(host) if plausible(text) => Ok(host.to_string()),
        _ => Err("has an entry that is not a host name".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_last_slash_and_know_loopback() {
        for (text, written, loopback) in [
            ("https://graph.facebook.com", "https://graph.facebook.com", false),
            ("https://graph.facebook.com/", "https://graph.facebook.com", false),
            ("http://127.0.0.1:9000/meta/", "http://127.0.0.1:9000/meta", true),
            ("http://127.8.8.8", "http://127.8.8.8", true),
            ("http://[::1]:80", "http://[::1]", true),
            ("http://LOCALHOST:1", "http://localhost:1", true),
            ("http://localhost.example.com", "http://localhost.example.com", false),
            ("http://127.0.0.1.example.com", "http://127.0.0.1.example.com", false),
        ] {
            let url = HttpUrl::parse(text).unwrap();
            assert_eq!((url.as_str(), url.is_loopback()), (written, loopback), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_plain_http_address_is_refused() {
        for bad in [
            "",
            "graph.facebook.com",
            "ftp://host",
            "http://",
            "https:",
            "http://user@host",
            "http://u:p@host",
            "https://host?x=1",
            "https://host#x",
            "file:///etc/passwd",
            "http://host:99999",
            "unix:/run/x",
        ] {
            assert!(HttpUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        let parse = |text| HttpUrl::parse_encrypted_or_loopback(text, "it");
        assert_eq!(parse("http://10.0.0.1").unwrap_err(), "would send it unencrypted to another machine");
        assert!(parse("http://127.0.0.1@evil.example").is_err());
        assert!(parse("https://10.0.0.1").is_ok());
        assert!(parse("http://localhost:8000").is_ok());
    }

    #[test]
    fn hosts_are_names_alone() {
        for (text, host) in
            [("Lookaside.FBSBX.com", "lookaside.fbsbx.com"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]")]
        {
            assert_eq!(parse_host(text).as_deref(), Ok(host));
        }
        for bad in ["", "*.fbcdn.net", "https://x.com", "x.com/a", "x.com:443", "a b", "user@x.com", "::1"] {
            assert!(parse_host(bad).is_err(), "{bad}");
        }
    }
}
