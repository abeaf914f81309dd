//! The ids of our reply buttons. A button's answer is exact: it names what it answers.

use std::{fmt, str::FromStr};

use marketplace::{OutreachId, VendorId};

/// The id of a reply button that we sent. Written `pick:<vendor_id>`, `reply:<outreach_id>:yes|no`.
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
}

/// The id is none of these buttons'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a button of ours")]
pub struct NotAButton;

impl fmt::Display for ButtonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pick(vendor) => write!(f, "pick:{vendor}"),
            Self::Reply { outreach, yes } => {
                write!(f, "reply:{outreach}:{}", if *yes { "yes" } else { "no" })
            }
        }
    }
}

impl FromStr for ButtonId {
    type Err = NotAButton;
    fn from_str(id: &str) -> Result<Self, NotAButton> {
        if let Some(vendor) = id.strip_prefix("pick:") {
            return vendor.parse().map(Self::Pick).map_err(|_| NotAButton);
        }
        let (outreach, answer) =
            id.strip_prefix("reply:").and_then(|rest| rest.split_once(':')).ok_or(NotAButton)?;
        let outreach = outreach.parse().map_err(|_| NotAButton)?;
        match answer {
            "yes" => Ok(Self::Reply { outreach, yes: true }),
            "no" => Ok(Self::Reply { outreach, yes: false }),
            _ => Err(NotAButton),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use marketplace::SeededIds;

    #[test]
    fn ids_read_back() {
        let outreach = OutreachId::generate(&SeededIds::new(3));
        for id in [
            ButtonId::Pick("v:1.a-b_c".parse().unwrap()),
            ButtonId::Reply { outreach, yes: true },
            ButtonId::Reply { outreach, yes: false },
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for other in ["", "pick:", "pick:a b", "reply:yes", "reply::yes", "consent:1:yes", "2", "yes"] {
            assert_eq!(other.parse::<ButtonId>(), Err(NotAButton), "{other}");
        }
    }
}
