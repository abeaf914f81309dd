//! Why an answer was rejected, for machines and for people.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The layer an answer failed in. Layers are checked in this order; a rejection holds one layer's violations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Is it one well-formed JSON object within size and depth?
    Bytes,
    /// Is it what the published schema describes?
    Shape,
    /// Does it make sense against the Context Pack?
    Sense,
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $layer:ident $name:ident = $code:literal;)*) => {
        /// A rule of the contract. The code of each is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RuleId {
            $($(#[doc = $doc])+ $name,)*
        }

        impl RuleId {
            /// Every rule, in the order they are checked.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code, `snake_case`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The layer the rule belongs to.
            pub const fn layer(self) -> Layer {
                match self { $(Self::$name => Layer::$layer),* }
            }

            /// What the rule says, in one sentence.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),* }
            }
        }
    };
}

rules! {
    /// The answer is at most 65,536 bytes.
    Bytes TooLarge = "too_large";
    /// The answer is UTF-8 without a byte order mark.
    Bytes NotUtf8 = "not_utf8";
    /// The answer is one JSON value (RFC 8259) and nothing else: no prose, no fence, no second value.
    Bytes NotJson = "not_json";
    /// The JSON value is an object.
    Bytes NotAnObject = "not_an_object";
    /// No object names a key twice.
    Bytes DuplicateKey = "duplicate_key";
    /// Objects and arrays nest at most 16 deep.
    Bytes TooDeep = "too_deep";

    /// `type` is there and names one of the four decisions.
    Shape UnknownType = "unknown_type";
    /// A value has the JSON type the schema names.
    Shape WrongType = "wrong_type";
    /// Every field the schema requires is there.
    Shape MissingField = "missing_field";
    /// No field is there that the schema does not name.
    Shape UnknownField = "unknown_field";
    /// A value is one of those the schema lists.
    Shape NotInEnum = "not_in_enum";
    /// A text has at least the schema's number of code points.
    Shape TextTooShort = "text_too_short";
    /// A text has at most the schema's number of code points.
    Shape TextTooLong = "text_too_long";
    /// A text has the form the schema's pattern describes.
    Shape PatternMismatch = "pattern_mismatch";
    /// A number is not below the schema's minimum.
    Shape NumberTooSmall = "number_too_small";
    /// A number is not above the schema's maximum.
    Shape NumberTooLarge = "number_too_large";
    /// A list has at least the schema's number of items.
    Shape TooFewItems = "too_few_items";
    /// A list has at most the schema's number of items.
    Shape TooManyItems = "too_many_items";
    /// A value matches one of the schema's alternatives.
    Shape NoAlternative = "no_alternative";

    /// The request may go from its present state to the one this decision leads to.
    Sense StateNotReachable = "state_not_reachable";
    /// `handed_off` follows the client's own pick and `shortlisted` a shortlist; no suggestion leads there.
    Sense StateNotBySuggestion = "state_not_by_suggestion";
    /// No plan while a batch of vendors is open.
    Sense BatchOpen = "batch_open";
    /// A batch holds at most the pack's number of vendors.
    Sense BatchLimit = "batch_limit";
    /// Vendors contacted and the new batch together are at most 15.
    Sense VendorLimit = "vendor_limit";
    /// A call's party and trigger stand exactly where the wish needs them, and the trigger is of that party.
    Sense CallingFields = "calling_fields";
    /// A call is wished for only where calling policy can allow it.
    Sense CallingNotAllowed = "calling_not_allowed";
    /// A shortlisted vendor was contacted for this request.
    Sense VendorNotContacted = "vendor_not_contacted";
    /// An item cites a stored reply.
    Sense ReplyUnknown = "reply_unknown";
    /// An item cites a reply of its own vendor.
    Sense ReplyOfOtherVendor = "reply_of_other_vendor";
    /// An item's availability is the parsed one.
    Sense AvailabilityDiffers = "availability_differs";
    /// An item's price is the parsed one.
    Sense PriceDiffers = "price_differs";
    /// An item's currency is the parsed one.
    Sense CurrencyDiffers = "currency_differs";
    /// An item's time of delivery is the parsed one or left out.
    Sense EtaDiffers = "eta_differs";
    /// A price has a currency and a currency a price.
    Sense PriceWithoutCurrency = "price_without_currency";
    /// A vendor and a reply stand in a shortlist once.
    Sense DuplicateItem = "duplicate_item";
    /// A text says something: it is not blank.
    Sense BlankText = "blank_text";
    /// A text holds no control characters but line breaks and tabs.
    Sense ControlCharacter = "control_character";
    /// A text holds no invisible characters and none that turn its direction, but those emoji and Arabic need.
    Sense HiddenCharacter = "hidden_character";
    /// A word holds no letters of another alphabet that look like its own, and none that are only for show.
    Sense DisguisedText = "disguised_text";
    /// A text holds nothing encoded: no escapes, no base64, no hexadecimal.
    Sense EncodedText = "encoded_text";
    /// A text holds no phone number, in digits of whatever script or spelled out.
    Sense PhoneNumberInText = "phone_number_in_text";
    /// A text holds no link, domain or mail address, written out or not.
    Sense LinkInText = "link_in_text";
    /// A text holds no message identifier or other id of ours.
    Sense IdentifierInText = "identifier_in_text";
    /// For a prescription, a text states no diagnosis.
    Sense DiagnosisInText = "diagnosis_in_text";
    /// For a prescription, a text states no dosage.
    Sense DosageInText = "dosage_in_text";
    /// For vendors, a text repeats nothing of a prescription, or of what was read badly, that the client has not confirmed.
    Sense UnconfirmedReading = "unconfirmed_reading";
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<'de, str>::deserialize(deserializer)?;
        Self::ALL
            .iter()
            .copied()
            .find(|rule| rule.code() == code)
            .ok_or_else(|| de::Error::custom("not a rule of this contract version"))
    }
}

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where, as a JSON Pointer (RFC 6901); empty: the whole document.
    pub pointer: String,
    /// Which rule.
    pub rule: RuleId,
    /// What was expected. Never quotes free text of the answer.
    pub message: Cow<'static, str>,
}

impl Violation {
    /// A violation.
    pub fn new(pointer: impl Into<String>, rule: RuleId, message: impl Into<Cow<'static, str>>) -> Self {
        Self { pointer: pointer.into(), rule, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{place}: {} ({})", self.message, self.rule)
    }
}

/// An answer that is not a decision: every violation of the first layer that failed, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("rejected: {}", .violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Rejection {
    /// In document order within a layer.
    pub violations: Vec<Violation>,
}

impl Rejection {
    /// The layer that failed.
    pub fn layer(&self) -> Layer {
        self.violations.first().map_or(Layer::Bytes, |violation| violation.rule.layer())
    }

    /// `Ok` when there is nothing to reject.
    pub(crate) fn unless_empty(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self { violations }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_snake_case_and_ordered_by_layer() {
        let mut codes: Vec<_> = RuleId::ALL.iter().map(|rule| rule.code()).collect();
        assert!(RuleId::ALL.iter().is_sorted_by_key(|rule| rule.layer()));
        assert!(codes.iter().all(|code| code.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))));
        assert!(RuleId::ALL.iter().all(|rule| rule.summary().ends_with('.')));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RuleId::ALL.len());
    }
}
