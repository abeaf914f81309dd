//! Fetching what people sent: first where it is, then the bytes.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use marketplace::PhoneNumberId;
use reqwest::{Response, StatusCode, Url};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::{
    MetaClient,
    answer::{Answer, Failure},
};
use crate::{
    error::{self, Reading, SendErrorClass},
    json,
};

/// The largest file that is taken, in bytes: WhatsApp's own bound for pictures. More is not read.
pub const MEDIA_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Whole time of one download, from connecting to the last byte.
pub const MEDIA_TIMEOUT: Duration = Duration::from_secs(20);

/// Fetching media through Meta.
#[async_trait]
pub trait MediaApi: Send + Sync {
    /// The bytes of a medium that somebody sent to `number`, at most [`MEDIA_BYTES_MAX`] of them, within the time of two
    /// questions and two downloads. May be repeated freely while Meta keeps the medium.
    async fn fetch(&self, number: &PhoneNumberId, media: MediaRef<'_>) -> Result<Vec<u8>, MediaError>;
}

/// What a webhook said of a medium.
#[derive(Clone, Copy)]
pub struct MediaRef<'a> {
    /// Meta's id.
    pub id: &'a str,
    /// The digest of the content, hexadecimal or base64: Meta's pages show both.
    pub sha256: Option<&'a str>,
}

impl fmt::Debug for MediaRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaRef(..)")
    }
}

/// Why there are no bytes. None of them holds an id, an address or a word of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// No answer, no answer in time, Meta's trouble or a throttle: later it may be there.
    #[error("the medium cannot be fetched now: {0}")]
    Moment(&'static str),
    /// Meta has no such medium, or none of this number.
    #[error("Meta has no such medium")]
    Gone,
    /// More than [`MEDIA_BYTES_MAX`].
    #[error("the medium has more than {MEDIA_BYTES_MAX} bytes")]
    TooLarge,
    /// It lies where the token must not be shown, or the answer leads elsewhere.
    #[error("the medium lies on a host that must not see the token")]
    ForeignHost,
    /// Not the content that was announced.
    #[error("the medium is not what was announced: another digest")]
    Digest,
    /// Meta refuses our token or our rights.
    #[error("Meta refuses the token")]
    Token,
}

impl MetaClient {
    /// Lets media be fetched from these hosts (exact names, lower case, without port), over TLS and the usual port unless they are this machine, beside
    /// the origin of the Graph endpoint. Without this there is that origin alone.
    #[must_use]
    pub fn with_media_hosts(mut self, hosts: Vec<String>) -> Self {
        self.media_hosts = hosts;
        self
    }

    /// `GET /{media-id}?phone_number_id=`: with the number Meta refuses a medium that was sent to another.
    async fn locate(&self, number: &PhoneNumberId, id: &str) -> Result<(Url, Option<String>), MediaError> {
        let mut url: Url = self.root.parse().map_err(|_| MediaError::Gone)?;
        // As one segment, whatever stands in it: an id is the other side's text.
        url.path_segments_mut().map_err(|()| MediaError::Gone)?.push(id);
        url.query_pairs_mut().append_pair("phone_number_id", number.as_str());
        let answer = self.exchange(self.http.get(url)).await.map_err(|failure| no_answer(&failure))?;
        let Some(found) = answer.success() else { return Err(refusal(&answer)) };
        let at = json::text(found, "url").ok_or(MediaError::Moment("an answer without an address"))?;
        // Early, for a file that says of itself that it is too large; one that lies is stopped on the way.
        if json::integer(found, "file_size").is_some_and(|bytes| !fits(u64::try_from(bytes).unwrap_or(0))) {
            return Err(MediaError::TooLarge);
        }
        let url = at.parse().map_err(|_| MediaError::ForeignHost)?;
        Ok((url, json::text(found, "sha256")))
    }

    /// Whether the token may be shown there.
    pub(super) fn may_ask(&self, url: &Url) -> bool {
        let plain = url.username().is_empty() && url.password().is_none();
        let is_named =
            url.host_str().is_some_and(|host| self.media_hosts.iter().any(|listed| listed == host));
        // A listed host on this machine is a double: it may be plain, and on any port.
        let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        let is_listed = is_named && (is_here || (url.scheme() == "https" && url.port().is_none()));
        let is_graph = self.root.parse::<Url>().is_ok_and(|root| root.origin() == url.origin());
        plain && (is_listed || is_graph)
    }

    /// `None`: there is nothing at this address any more, Meta gives out another.
    async fn download(&self, url: &Url) -> Result<Option<Vec<u8>>, MediaError> {
        let request = self.http.get(url.clone()).bearer_auth(self.access_token.expose_secret());
        let limit = self.media_timeout;
        let response = request.timeout(limit).send().await.map_err(|error| no_answer(&Failure::of(error)))?;
        match response.status() {
            status if status.is_success() => read(response).await.map(Some),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            // Nobody follows it with the token; without the token there is nothing to be had.
            status if status.is_redirection() => Err(MediaError::ForeignHost),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(MediaError::Token),
            _ => Err(MediaError::Moment("another status than 200")),
        }
    }
}

#[async_trait]
impl MediaApi for MetaClient {
    async fn fetch(&self, number: &PhoneNumberId, media: MediaRef<'_>) -> Result<Vec<u8>, MediaError> {
        // An address lives five minutes: one that is over is asked for anew, once.
        for _ in 0..2 {
            let (url, announced) = self.locate(number, media.id).await?;
            if !self.may_ask(&url) {
                return Err(MediaError::ForeignHost);
            }
            if let Some(bytes) = self.download(&url).await? {
                let digest = media.sha256.map(str::to_owned).or(announced);
                return check_digest(bytes, digest.as_deref());
            }
        }
        Err(MediaError::Moment("the address is over"))
    }
}

/// Reads to the end or to the bound, whatever the head says of the length.
async fn read(mut response: Response) -> Result<Vec<u8>, MediaError> {
    if response.content_length().is_some_and(|bytes| !fits(bytes)) {
        return Err(MediaError::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&Failure::of(error)))? {
        if bytes.len() + chunk.len() > MEDIA_BYTES_MAX {
            return Err(MediaError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn fits(bytes: u64) -> bool {
    usize::try_from(bytes).is_ok_and(|bytes| bytes <= MEDIA_BYTES_MAX)
}

/// A digest that cannot be read is none: Meta does not say which of the two forms it uses, and may invent a third.
fn check_digest(bytes: Vec<u8>, announced: Option<&str>) -> Result<Vec<u8>, MediaError> {
    match announced.and_then(digest_of) {
        Some(digest) if digest != Sha256::digest(&bytes).as_slice() => Err(MediaError::Digest),
        _ => Ok(bytes),
    }
}

/// 32 bytes written in hexadecimal or base64, either alphabet, padded or not.
fn digest_of(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = text.trim();
    let base64 = |alphabet| GeneralPurpose::new(alphabet, LENIENT).decode(text).ok();
    hex::decode(text)
        .ok()
        .filter(|bytes| bytes.len() == 32)
        .or_else(|| base64(&alphabet::STANDARD).filter(|bytes| bytes.len() == 32))
        .or_else(|| base64(&alphabet::URL_SAFE).filter(|bytes| bytes.len() == 32))
}

fn no_answer(failure: &Failure) -> MediaError {
    match failure {
        Failure::BeforeEffect(_) => MediaError::Moment("no connection"),
        Failure::Doubt(_) => MediaError::Moment("no whole answer in time"),
    }
}

/// Meta answers an id that is over, unknown or of another number with code 100.
fn refusal(answer: &Answer) -> MediaError {
    let code = answer.error().and_then(|error| error.code);
    match code.map(|code| (code, error::reading(code))) {
        Some((100, _)) => MediaError::Gone,
        Some((_, Some(Reading::Refused(SendErrorClass::Token)))) => MediaError::Token,
        _ => MediaError::Moment("Meta's trouble"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_in_either_form() {
        let bytes = b"abc".to_vec();
        for written in [
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
        ] {
            assert_eq!(check_digest(bytes.clone(), Some(written)), Ok(bytes.clone()), "{written}");
            assert_eq!(check_digest(b"abd".to_vec(), Some(written)), Err(MediaError::Digest), "{written}");
        }
        for nothing in [None, Some(""), Some("sha256 unknown"), Some("abcd")] {
            assert_eq!(check_digest(bytes.clone(), nothing), Ok(bytes.clone()));
        }
    }
}
