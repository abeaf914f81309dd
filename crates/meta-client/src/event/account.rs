//! News about the account: restrictions, warnings, settings.

use marketplace::Timestamp;

use crate::{json, open_enum::open_enum, webhook::Located};

/// One change of an account field. The raw event holds the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// The webhook field, for example `account_update`.
    pub field: String,
    /// The WhatsApp Business Account; Meta's samples sometimes write `0`.
    pub account_id: Option<String>,
    /// When Meta says it happened.
    pub at: Option<Timestamp>,
    /// What happened, for example `ACCOUNT_RESTRICTION`; open text.
    pub event: Option<String>,
    /// Our business number in digits, where the field names one.
    pub phone_number: Option<String>,
    /// What is no longer allowed, and until when.
    pub restrictions: Vec<Restriction>,
    /// An early warning: still allowed, an operator must be told.
    pub violation: Option<String>,
}

impl AccountUpdate {
    /// No new calls and no permission requests until the restriction ends.
    pub fn forbids_outbound_calls(&self) -> bool {
        self.restrictions.iter().any(|restriction| {
            matches!(
                restriction.kind,
                RestrictionKind::BusinessInitiatedCalling | RestrictionKind::AllCalling
            )
        })
    }
}

/// One thing the account may no longer do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// What it is.
    pub kind: RestrictionKind,
    /// When it ends, where Meta says so.
    pub expires_at: Option<Timestamp>,
}

open_enum! {
    /// What a restriction forbids.
    RestrictionKind {
        /// Calls that we place (spelling of 2026).
        BusinessInitiatedCalling = "RESTRICTED_BUSINESS_INITIATED_CALLING",
        /// Calls in both directions (spelling of 2025).
        AllCalling = "RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING",
        /// Calls that users place.
        UserInitiatedCalling = "RESTRICTED_USER_INITIATED_CALLING",
    }
}

pub(crate) fn read(located: &Located<'_>) -> AccountUpdate {
    let value = located.value;
    AccountUpdate {
        field: located.field.clone().unwrap_or_default(),
        account_id: json::text(located.entry, "id"),
        at: located.at(),
        event: json::text(value, "event"),
        phone_number: json::text(value, "phone_number"),
        restrictions: json::items(value, "restriction_info")
            .iter()
            .filter_map(|info| {
                Some(Restriction {
                    kind: RestrictionKind::from_wire(&json::text(info, "restriction_type")?),
                    expires_at: json::moment(info, "expiration"),
                })
            })
            .collect(),
        violation: value.get("violation_info").and_then(|info| json::text(info, "violation_type")),
    }
}
