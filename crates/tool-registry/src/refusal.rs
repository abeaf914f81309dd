//! Why a tool refused, as stable codes.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)*) => {
        /// Why a tool refused. Each code is stable: it stands in the audit log and in the problem's `code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum RefusalCode {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $name,)*
        }

        impl RefusalCode {
            /// Every code, in the order of the document.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code, `snake_case`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// What the code means, for people.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),* }
            }

            /// Reads a code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

refusals! {
    /// There is no such request.
    RequestNotFound = "request_not_found";
    /// The request is closed; a new need opens a new one.
    RequestClosed = "request_closed";
    /// Client and vendor have each other's contact; the concierge is silent.
    RequestHandedOff = "request_handed_off";
    /// The request stopped in the error state; a person decides.
    RequestInError = "request_in_error";
    /// A person took the request over; only human actors send or call.
    HumanControl = "human_control";

    /// The table of states has no such step.
    TransitionNotAllowed = "transition_not_allowed";
    /// Only a person may take this step.
    PersonOnly = "person_only";
    /// The request changed since the decision was made; read it again.
    StaleVersion = "stale_version";
    /// Handoff needs a stored message of the client that picks an item of the last shortlist.
    PickMissing = "pick_missing";
    /// The shortlist is missing, empty, or cites a reply that is not stored for that vendor.
    ShortlistInvalid = "shortlist_invalid";

    /// The open batch holds five vendors, or the last batch has not settled.
    BatchLimit = "batch_limit";
    /// Fifteen vendors were contacted for this request.
    VendorLimit = "vendor_limit";
    /// There is no open plan that a batch could follow.
    PlanMissing = "plan_missing";
    /// The directory has no such vendor.
    VendorUnknown = "vendor_unknown";
    /// The vendor asked not to be contacted.
    VendorOptedOut = "vendor_opted_out";
    /// The vendor does not accept inquiries.
    VendorNotAccepting = "vendor_not_accepting";
    /// The vendor had its first messages of the day.
    VendorTired = "vendor_tired";
    /// The vendor is closed until after the open batch is over.
    VendorClosed = "vendor_closed";
    /// The vendor was not contacted for this request.
    NotContacted = "not_contacted";
    /// The client asked not to be contacted.
    ClientOptedOut = "client_opted_out";
    /// WhatsApp's 24-hour window is over and no template fits.
    OutsideWindow = "outside_window";
    /// The contact cannot be reached: no usable number.
    NoAddress = "no_address";
    /// Sending is switched off on every process.
    OutboundOff = "outbound_off";
    /// The text for a vendor holds the client's name or number, which it learns at the handoff only.
    ClientDatum = "client_datum";
    /// The request concerns a prescription: a diagnosis, a dosage, or for a vendor what the client has not confirmed.
    PrescriptionRestricted = "prescription_restricted";

    /// There is no such message in this request.
    MessageNotFound = "message_not_found";
    /// The message was not written by this vendor.
    MessageNotOfVendor = "message_not_of_vendor";
    /// There is no such media in this request.
    MediaNotFound = "media_not_found";
    /// There is no such OCR job in this request.
    OcrJobNotFound = "ocr_job_not_found";
    /// Reading pictures is switched off.
    OcrDisabled = "ocr_disabled";

    /// Calling is switched off.
    CallingDisabled = "calling_disabled";
    /// The client did not allow a call for this request: never asked, no answer, a no, or withdrawn.
    ConsentRequired = "consent_required";
    /// The client allowed a call for this request, but that is over.
    ConsentExpired = "consent_expired";
    /// The consent is, or would be, for another kind of call.
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
    /// The stored facts do not support the trigger.
    TriggerNotMet = "trigger_not_met";
    /// The last call of this request is less than the cooldown ago.
    CooldownActive = "cooldown_active";
    /// It is night where the callee is.
    QuietHours = "quiet_hours";
    /// Nobody knows what time it is where the callee is.
    TimezoneUnknown = "timezone_unknown";
    /// The request concerns a medical prescription: nobody is called about it.
    Prescription = "prescription";
    /// This person did not answer a call of this request and is not called about it again.
    RedialCap = "redial_cap";
    /// A call of this request, or to this person, is not over yet.
    CallInProgress = "call_in_progress";
    /// As many calls to this person were answered in 24 hours as Meta allows.
    ConnectedCallLimit = "connected_call_limit";
    /// Meta paused calls and permission requests from this number.
    CallingRestricted = "calling_restricted";
    /// Meta's API failed repeatedly; nothing is tried for a while.
    BreakerOpen = "breaker_open";
    /// The person to be called has just written; that is read first.
    UnroutedEvent = "unrouted_event";
    /// Consent was asked for already and is not answered yet.
    ConsentPending = "consent_pending";
    /// This person said no and is not asked again.
    ConsentDenied = "consent_denied";
    /// There is a consent already that covers this.
    ConsentInForce = "consent_in_force";
    /// Whether the last permission request reached this person is not known; a second one is no repair.
    PermissionRequestUnknown = "permission_request_unknown";
    /// As many permission requests went to this person as Meta allows in a day or a week.
    PermissionRequestLimit = "permission_request_limit";

    /// This was done before: the same thing under another key.
    Duplicate = "duplicate";
    /// A tool with an effect was called without an idempotency key.
    IdempotencyKeyRequired = "idempotency_key_required";
    /// The idempotency key was used with another body.
    IdempotencyKeyReused = "idempotency_key_reused";
    /// The same call is being worked right now; try again.
    InProgress = "in_progress";
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
