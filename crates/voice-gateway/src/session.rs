//! The id of a session at the gateway.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest session id, in characters.
const SESSION_ID_CHARS_MAX: usize = 64;

/// The gateway's id of one call's media session: 1 to 64 characters of `A-Z a-z 0-9 _ -`.
///
/// The gateway draws it at random. It says nothing of a person and may be stored and logged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VoiceSessionId(String);

/// The text is no session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a voice session id is 1 to 64 characters of A-Z a-z 0-9 _ -")]
pub struct BadVoiceSessionId;

impl VoiceSessionId {
    /// The id as the gateway wrote it. It can stand in a path as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VoiceSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VoiceSessionId {
    type Err = BadVoiceSessionId;

    fn from_str(text: &str) -> Result<Self, BadVoiceSessionId> {
        let fits = (1..=SESSION_ID_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if fits { Ok(Self(text.to_owned())) } else { Err(BadVoiceSessionId) }
    }
}

impl TryFrom<String> for VoiceSessionId {
    type Error = BadVoiceSessionId;

    fn try_from(text: String) -> Result<Self, BadVoiceSessionId> {
        text.parse()
    }
}

impl From<VoiceSessionId> for String {
    fn from(id: VoiceSessionId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_can_stand_in_a_path_is_an_id() {
        for good in ["a", "ses_01-Z", "-", &"x".repeat(64)] {
            assert_eq!(good.parse::<VoiceSessionId>().map(String::from).as_deref(), Ok(good));
        }
        for bad in ["", " ", "a b", "a/b", "..", "a?b", "a%2Fb", "a\n", "é", &"x".repeat(65)] {
            assert_eq!(bad.parse::<VoiceSessionId>(), Err(BadVoiceSessionId), "{bad:?}");
            assert!(serde_json::from_value::<VoiceSessionId>(bad.into()).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn an_id_comes_back_from_text_and_json(text in "[A-Za-z0-9_-]{1,64}") {
            let id: VoiceSessionId = text.parse().unwrap();
            prop_assert_eq!(id.to_string(), text);
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<VoiceSessionId>(&json).unwrap(), id);
        }
    }
}
