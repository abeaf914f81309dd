//! Meta's side: webhook secrets, the Graph endpoint, what is needed to send.

use marketplace::PhoneNumberId;
use secrecy::SecretString;

use crate::{
    reader::{Faulty, Parsed, Reader},
    shared::{secret, token},
    variables::{
        META_ACCESS_TOKEN, META_API_BASE, META_API_VERSION, META_APP_SECRET, META_APP_SECRET_PREVIOUS,
        META_MEDIA_HOSTS, META_PHONE_NUMBER_ID, META_VERIFY_TOKEN,
    },
    web::{HttpUrl, parse_host},
};

/// What it takes to believe a webhook.
#[derive(Debug, Clone)]
pub struct MetaWebhook {
    /// Signs every webhook.
    pub app_secret: SecretString,
    /// Accepted too while the secret is being rotated.
    pub app_secret_previous: Option<SecretString>,
    /// Meta repeats it when the webhook is registered.
    pub verify_token: SecretString,
}

impl MetaWebhook {
    pub(crate) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let app_secret = reader.required(&META_APP_SECRET, "is missing", secret);
        let app_secret_previous = reader.optional(&META_APP_SECRET_PREVIOUS, secret);
        let verify_token = reader.required(&META_VERIFY_TOKEN, "is missing", secret);
        Ok(Self {
            app_secret: app_secret?,
            app_secret_previous: app_secret_previous?,
            verify_token: verify_token?,
        })
    }
}

/// Where the Graph API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaGraph {
    /// `META_API_BASE`; encrypted unless it is on this machine.
    pub base: HttpUrl,
    /// `META_API_VERSION`, for example `v25.0`.
    pub version: String,
}

/// What it takes to send, and to fetch media.
#[derive(Debug, Clone)]
pub struct MetaSending {
    /// The Graph endpoint.
    pub graph: MetaGraph,
    /// The bearer token.
    pub access_token: SecretString,
    /// Our business numbers, at least one, each once. Another number's events are dead-lettered.
    pub phone_number_ids: Vec<PhoneNumberId>,
    /// The only hosts beside the Graph endpoint that may receive the token; lower case, without port.
    pub media_hosts: Vec<String>,
}

impl MetaSending {
    pub(crate) fn read(reader: &mut Reader, base: Result<HttpUrl, Faulty>) -> Result<Self, Faulty> {
        let access_token = reader.required(&META_ACCESS_TOKEN, "is missing", token);
        let phone_number_ids = reader.required(&META_PHONE_NUMBER_ID, "is missing", |text| {
            list(text, |id| id.parse().map_err(|_| "has an entry that is not 1 to 32 digits".to_owned()))
        });
        let version = reader.or_default(&META_API_VERSION, parse_version);
        let media_hosts = reader.or_default(&META_MEDIA_HOSTS, |text| list(text, parse_host));
        Ok(Self {
            graph: MetaGraph { base: base?, version: version? },
            access_token: access_token?,
            phone_number_ids: phone_number_ids?,
            media_hosts: media_hosts?,
        })
    }
}

pub(crate) fn read_base(reader: &mut Reader) -> Result<HttpUrl, Faulty> {
    reader.or_default(&META_API_BASE, |text| HttpUrl::parse_encrypted_or_loopback(text, "the access token"))
}

/// `v`, one to three digits, `.0`: Graph versions have never had another minor number since v2.12.
fn parse_version(text: &str) -> Parsed<String> {
    let major = text.strip_prefix('v').and_then(|rest| rest.strip_suffix(".0"));
    match major {
        Some(digits)
            if (1..=3).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0') =>
        {
            Ok(text.to_owned())
        }
        _ => Err("is not a Graph API version".to_owned()),
    }
}

pub(crate) fn list<T: PartialEq>(text: &str, parse: impl Fn(&str) -> Parsed<T>) -> Parsed<Vec<T>> {
    let mut items = Vec::new();
    for entry in text.split(',').map(str::trim) {
        if entry.is_empty() {
            return Err("has an empty entry".to_owned());
        }
        let item = parse(entry)?;
        if items.contains(&item) {
            return Err("lists an entry twice".to_owned());
        }
        items.push(item);
    }
    Ok(items)
}
