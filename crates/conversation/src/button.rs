//! The ids of our reply buttons. A button's answer is exact: it names what it answers.

use std::{fmt, str::FromStr};

use marketplace::{MessageId, OutreachId, RequestId, VendorId};

/// The id of a reply button that we sent. Written `pick:<vendor_id>`, `reply:<outreach_id>:yes|no`,
/// `consent:<message_id>:yes|no`, `which:<request_id>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ButtonId {
    /// Under a shortlist: this vendor.
    Pick(VendorId),
    /// Under a vendor inquiry: has it, or has not.
    Reply {
        /// The inquiry it answers.
        outreach: OutreachId,
        /// YES was pressed.
        yes: bool,
    },
    /// Under the question whether we may call.
    Consent {
        /// Our message that asked.
        prompt: MessageId,
        /// YES was pressed.
        yes: bool,
    },
    /// Under the question which request a message is about: this one.
    Which(RequestId),
}

/// The id is none of these buttons'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a button of ours")]
pub struct NotAButton;

impl fmt::Display for ButtonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pick(vendor) => write!(f, "pick:{vendor}"),
            Self::Reply { outreach, yes } => write!(f, "reply:{outreach}:{}", word(*yes)),
            Self::Consent { prompt, yes } => write!(f, "consent:{prompt}:{}", word(*yes)),
            Self::Which(request) => write!(f, "which:{request}"),
        }
    }
}

impl FromStr for ButtonId {
    type Err = NotAButton;
    fn from_str(id: &str) -> Result<Self, NotAButton> {
        if let Some(vendor) = id.strip_prefix("pick:") {
            return vendor.parse().map(Self::Pick).map_err(|_| NotAButton);
        }
        if let Some(request) = id.strip_prefix("which:") {
            return request.parse().map(Self::Which).map_err(|_| NotAButton);
        }
        let (kind, rest) = id.split_once(':').ok_or(NotAButton)?;
        let (of, answer) = rest.split_once(':').ok_or(NotAButton)?;
        let yes = match answer {
            "yes" => true,
            "no" => false,
            _ => return Err(NotAButton),
        };
        match kind {
            "reply" => Ok(Self::Reply { outreach: of.parse().map_err(|_| NotAButton)?, yes }),
            "consent" => Ok(Self::Consent { prompt: of.parse().map_err(|_| NotAButton)?, yes }),
            _ => Err(NotAButton),
        }
    }
}

const fn word(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use marketplace::SeededIds;

    #[test]
    fn ids_read_back() {
        let ids = SeededIds::new(3);
        let (outreach, prompt) = (OutreachId::generate(&ids), MessageId::generate(&ids));
        for id in [
            ButtonId::Pick("v:1.a-b_c".parse().unwrap()),
            ButtonId::Reply { outreach, yes: true },
            ButtonId::Reply { outreach, yes: false },
            ButtonId::Consent { prompt, yes: true },
            ButtonId::Consent { prompt, yes: false },
            ButtonId::Which(RequestId::generate(&ids)),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for other in [
            "",
            "pick:",
            "which:",
            "pick:a b",
            "reply:yes",
            "reply::yes",
            "consent:1:yes",
            "consent::no",
            "2",
            "yes",
        ] {
            assert_eq!(other.parse::<ButtonId>(), Err(NotAButton), "{other}");
        }
        // An id of the other kind is none.
        assert_eq!(format!("consent:{outreach}:yes").parse::<ButtonId>(), Err(NotAButton));
        assert_eq!(format!("reply:{prompt}:yes").parse::<ButtonId>(), Err(NotAButton));
        assert_eq!(format!("consent:{prompt}:maybe").parse::<ButtonId>(), Err(NotAButton));
    }
}
