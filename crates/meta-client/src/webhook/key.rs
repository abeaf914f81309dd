//! The key that makes an event arrive once.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{EventKind, Located};
use crate::json;

/// `<kind>:<64 hexadecimal digits>`: a digest of what names the event. Messages and calls are named by business
/// number, id and (where there is one) status or event; everything else by its whole content.
///
/// A digest, because Meta's ids hold phone numbers, have no bound in length and may hold U+0000.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(String);

impl EventKey {
    /// The text to store and compare.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of(located: &Located<'_>, raw: &Value) -> Self {
        let digest = named_by(located).map_or_else(|| digest(&[&raw.to_string()]), |parts| digest(&parts));
        Self(format!("{}:{digest}", located.kind.as_str()))
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn named_by(located: &Located<'_>) -> Option<[String; 3]> {
    let item = located.item?;
    let step = match located.kind {
        EventKind::Message => String::new(),
        EventKind::Status | EventKind::CallStatus => json::text_or_first(item, "status").unwrap_or_default(),
        EventKind::Call => json::text(item, "event").unwrap_or_default(),
        EventKind::Account | EventKind::Errors | EventKind::Unknown => return None,
    };
    let number = located.phone_number_id().map(String::from).unwrap_or_default();
    Some([number, located.id()?.as_str().to_owned(), step.to_ascii_lowercase()])
}

/// Each part with its length before it, so that no two lists of parts look alike.
fn digest(parts: &[impl AsRef<str>]) -> String {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| {
        let part = part.as_ref().as_bytes();
        hash.chain_update(part.len().to_be_bytes()).chain_update(part)
    });
    hex::encode(hash.finalize())
}
