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
    /// The request concerns a prescription and the text states a diagnosis or a dosage.
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
    /// No granted, unexpired consent covers this call.
    ConsentRequired = "consent_required";
    /// Consent was asked for already, or denied.
    ConsentPending = "consent_pending";
    /// The last call of this request is less than the cooldown ago.
    CooldownActive = "cooldown_active";
    /// The stored facts do not support the trigger.
    TriggerNotMet = "trigger_not_met";
    /// It is night where the callee is, or the callee's zone is unknown.
    QuietHours = "quiet_hours";

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
