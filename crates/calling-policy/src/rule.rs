//! The rules by name. Their order is the order in which a refusal lists them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($(#[$doc:meta])* $enum:ident { $($(#[doc = $rule_doc:literal])+ $name:ident = $code:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $enum {
            $($(#[doc = $rule_doc])+ #[serde(rename = $code)] $name,)*
        }

        impl $enum {
            /// Every rule, in the order in which a refusal lists them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code, `snake_case`: what stands in the problem, the audit log and the attempt's row.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// What a refusal by this rule says, for people.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($rule_doc),+).trim_ascii()),* }
            }

            /// Reads a code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.code() == code)
            }
        }

        impl fmt::Display for $enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

rules! {
    /// Why a call is refused: the flag, the state, the consents and Meta's permission, then the policy.
    Rule {
        /// Calling is switched off.
        CallingDisabled = "calling_disabled";
        /// The request is closed; a new need opens a new one.
        RequestClosed = "request_closed";
        /// Client and vendor have each other's contact; the concierge is silent.
        RequestHandedOff = "request_handed_off";
        /// The request stopped in the error state; a person decides.
        RequestInError = "request_in_error";

        /// The client did not allow a call for this request: never asked, no answer, a no, or withdrawn.
        ConsentRequired = "consent_required";
        /// The client allowed a call for this request, but that is over.
        ConsentExpired = "consent_expired";
        /// The client allowed another kind of call for this request, not this one.
        ConsentScope = "consent_scope";
        /// The person to be called did not allow it: never asked, no answer, a no, or withdrawn.
        CalleeConsentRequired = "callee_consent_required";
        /// The person to be called allowed it, but that is over.
        CalleeConsentExpired = "callee_consent_expired";
        /// Meta has no permission of the person to be called, or took it back.
        PermissionMissing = "permission_missing";
        /// Meta's permission is over, or ends within the minute.
        PermissionExpired = "permission_expired";
        /// What Meta said about the permission is older than a minute; it has to be read again before dialling.
        PermissionUnread = "permission_unread";

        /// The stored facts do not support the trigger that was claimed.
        TriggerNotMet = "trigger_not_met";
        /// The last call of this request is less than the cooldown ago.
        CooldownActive = "cooldown_active";
        /// It is night where the person to be called is.
        QuietHours = "quiet_hours";
        /// Nobody knows what time it is where the person to be called is.
        TimezoneUnknown = "timezone_unknown";
        /// The request concerns a medical prescription: nobody is called about it.
        Prescription = "prescription";
        /// A person took the request over; only human actors call.
        HumanControl = "human_control";
        /// The client asked not to be contacted.
        ClientOptedOut = "client_opted_out";
        /// The vendor asked not to be contacted.
        VendorOptedOut = "vendor_opted_out";
        /// This person did not answer a call of this request and is not called about it again.
        RedialCap = "redial_cap";
        /// A call of this request, or to this person, is not over yet.
        CallInProgress = "call_in_progress";
        /// As many calls to this person were answered in 24 hours as Meta allows.
        ConnectedCallLimit = "connected_call_limit";
        /// Meta paused calls from this number.
        CallingRestricted = "calling_restricted";
        /// Sending is switched off on every process.
        OutboundOff = "outbound_off";
        /// Meta's API failed repeatedly; nothing is tried for a while.
        BreakerOpen = "breaker_open";
        /// The person to be called has just written; that is read first.
        UnroutedEvent = "unrouted_event";
    }
}

impl Rule {
    /// Whether this passes by itself without anybody's decision. A dial that fails by nothing else may be held
    /// for a moment instead of being refused.
    pub const fn holds(self) -> bool {
        matches!(self, Self::PermissionUnread | Self::OutboundOff | Self::BreakerOpen | Self::UnroutedEvent)
    }
}

rules! {
    /// Why a prompt for consent, or Meta's permission card, is not sent: the flag, the state, what was said
    /// before, then the policy.
    AskRule {
        /// Calling is switched off.
        CallingDisabled = "calling_disabled";
        /// The request is closed; a new need opens a new one.
        RequestClosed = "request_closed";
        /// Client and vendor have each other's contact; the concierge is silent.
        RequestHandedOff = "request_handed_off";
        /// The request stopped in the error state; a person decides.
        RequestInError = "request_in_error";

        /// Consent was asked for already and is not answered yet.
        ConsentPending = "consent_pending";
        /// This person said no and is not asked again.
        ConsentDenied = "consent_denied";
        /// There is a consent already that covers this.
        ConsentInForce = "consent_in_force";
        /// A vendor can only speak for calls to itself.
        ConsentScope = "consent_scope";

        /// The request concerns a medical prescription: nobody is called about it.
        Prescription = "prescription";
        /// A person took the request over; only human actors ask.
        HumanControl = "human_control";
        /// The client asked not to be contacted.
        ClientOptedOut = "client_opted_out";
        /// The vendor asked not to be contacted.
        VendorOptedOut = "vendor_opted_out";
        /// Whether the last permission request reached this person is not known; a second one is no repair.
        PermissionRequestUnknown = "permission_request_unknown";
        /// As many permission requests went to this person as Meta allows in a day or a week.
        PermissionRequestLimit = "permission_request_limit";
        /// Meta paused calls and permission requests from this number.
        CallingRestricted = "calling_restricted";
    }
}
