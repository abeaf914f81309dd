//! Typed ids: a prefix that names the kind and a `UUIDv7` that sorts by creation time.
//!
//! A `req_…` never parses as a `msg_…`, so a swapped id is an error at the edge and a type error inside.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::{Clock, Timestamp};

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not start with the kind's prefix.
    #[error("expected an id starting with `{expected}_`")]
    WrongPrefix {
        /// The prefix of the kind that was asked for.
        expected: &'static str,
    },
    /// What follows the prefix is not 32 lower-case hexadecimal digits.
    #[error("expected 32 lower-case hexadecimal digits after `{prefix}_`")]
    NotAUuid {
        /// The prefix of the kind that was asked for.
        prefix: &'static str,
    },
    /// A vendor id that the directory cannot hold.
    #[error("a vendor id is 1 to 64 characters of A-Z a-z 0-9 . _ : -")]
    BadVendorId,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The text before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that an [`IdSource`] made.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Makes a new id.
            pub fn generate(ids: &dyn IdSource) -> Self {
                Self(ids.next_uuid())
            }

            /// The UUID without its prefix.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let rest = text
                    .strip_prefix(concat!($prefix, "_"))
                    .ok_or(IdError::WrongPrefix { expected: $prefix })?;
                parse_simple_uuid(rest).map(Self).ok_or(IdError::NotAUuid { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_from_str(deserializer)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": concat!("^", $prefix, "_[0-9a-f]{32}$") })
            }
        }
    )*};
}

typed_ids! {
    /// A client's request, from first message to handoff: also the lane it is worked in.
    RequestId = "req";
    /// A person we exchange messages with: client, vendor or both.
    ContactId = "con";
    /// The key that seals one person's data.
    DataKeyId = "key";
    /// One event of a webhook body.
    EventId = "evt";
    /// One stored message, inbound or outbound.
    MessageId = "msg";
    /// One batch of vendors asked together.
    BatchId = "bat";
    /// One vendor contacted for one request.
    OutreachId = "out";
    /// One parsed answer of a vendor.
    ReplyId = "rep";
    /// One shortlist that was sent to a client.
    ShortlistId = "sho";
    /// One turn: events read, a decision, a committed plan.
    TurnId = "trn";
    /// One intent to send, dial or mark; travels as `biz_opaque_callback_data`.
    OutboxId = "int";
    /// One timer row.
    TimerId = "tim";
    /// One event or turn that could not be worked.
    DeadLetterId = "dlq";
    /// One notification to the people who operate.
    NotificationId = "ntf";
    /// One stored media reference.
    MediaId = "med";
    /// One OCR job.
    OcrJobId = "ocr";
    /// One consent record.
    ConsentId = "cns";
    /// One attempt to call.
    CallAttemptId = "cal";
    /// One audit record's payload.
    AuditId = "aud";
    /// One API token.
    TokenId = "tok";
    /// One HTTP request to the api: in its answer, its log lines and the audit.
    HttpRequestId = "htp";
}

/// A vendor's id as the operator's directory gives it (`vendor_id` of the CSV).
///
/// 1 to 64 characters of `A-Z a-z 0-9 . _ : -`; unlike the other ids it is not ours to make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct VendorId(String);

impl VendorId {
    /// The longest id accepted, in characters.
    pub const LENGTH_MAX: usize = 64;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VendorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VendorId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
        if text.is_empty() || text.len() > Self::LENGTH_MAX || !text.bytes().all(allowed) {
            return Err(IdError::BadVendorId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for VendorId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_from_str(deserializer)
    }
}

impl JsonSchema for VendorId {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "VendorId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" })
    }
}

/// `Uuid::parse_str` also takes hyphens, braces and capitals; one id has one spelling here.
fn parse_simple_uuid(text: &str) -> Option<Uuid> {
    let canonical = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if canonical { Uuid::try_parse(text).ok() } else { None }
}

fn deserialize_from_str<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = IdError>,
{
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

/// Where new ids come from. Injected, so that a simulation repeats itself.
pub trait IdSource: Send + Sync {
    /// A new `UUIDv7`, later than every one returned before by this source.
    fn next_uuid(&self) -> Uuid;

    /// Fills `buffer` with random bytes (salts, nonces, jitter).
    fn fill_random(&self, buffer: &mut [u8]);
}

/// Ids from the operating system's randomness and the injected clock.
pub struct RandomIds {
    clock: Arc<dyn Clock>,
    context: Mutex<uuid::ContextV7>,
}

impl RandomIds {
    /// Takes the clock that dates the ids.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, context: Mutex::new(uuid::ContextV7::new()) }
    }
}

impl IdSource for RandomIds {
    fn next_uuid(&self) -> Uuid {
        let (seconds, nanos) = seconds_and_nanos(self.clock.now());
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, seconds, nanos))
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        // Without the operating system's randomness no key, salt or nonce is safe to make: stop at once.
        if getrandom::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}

/// Repeatable ids for tests and simulations: a counter mixed with a seed.
pub struct SeededIds {
    seed: u64,
    next: AtomicU64,
}

impl SeededIds {
    /// The same seed gives the same ids in the same order.
    pub const fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(1) }
    }

    fn draw(&self) -> u64 {
        splitmix(self.seed ^ self.next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl IdSource for SeededIds {
    fn next_uuid(&self) -> Uuid {
        let counter = self.next.fetch_add(1, Ordering::Relaxed);
        let random = splitmix(self.seed ^ counter);
        // The counter stands where a UUIDv7 has its milliseconds, so ids sort in the order they were made.
        let high = (counter << 16) | 0x7000 | (random >> 52);
        Uuid::from_u64_pair(high, 0x8000_0000_0000_0000 | (random >> 2))
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.iter_mut().zip(self.draw().to_le_bytes()).for_each(|(to, from)| *to = from);
        }
    }
}

const fn splitmix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn seconds_and_nanos(at: Timestamp) -> (u64, u32) {
    let ms = u64::try_from(at.as_millis()).unwrap_or(0);
    let nanos = u32::try_from(ms % 1_000).unwrap_or(0) * 1_000_000;
    (ms / 1_000, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_of_another_kind_does_not_parse() {
        let ids = SeededIds::new(1);
        let message = MessageId::generate(&ids).to_string();
        assert_eq!(message.parse::<RequestId>(), Err(IdError::WrongPrefix { expected: "req" }));
        assert!(message.to_uppercase().parse::<MessageId>().is_err());
        assert!(format!("{message}0").parse::<MessageId>().is_err());
    }

    #[test]
    fn ids_sort_in_the_order_they_were_made() {
        let clock = Arc::new(crate::ManualClock::at_millis(1_790_000_000_000));
        for source in [&SeededIds::new(9) as &dyn IdSource, &RandomIds::new(clock)] {
            let ids: Vec<_> = (0..500).map(|_| RequestId::generate(source)).collect();
            assert!(ids.is_sorted());
            assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }

    #[test]
    fn vendor_ids_are_bounded() {
        assert!("v-001".parse::<VendorId>().is_ok());
        for bad in ["", "a b", "é", &"x".repeat(65)] {
            assert_eq!(bad.parse::<VendorId>(), Err(IdError::BadVendorId), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(high: u64, low: u64) {
            let id = RequestId::from_uuid(Uuid::from_u64_pair(high, low));
            prop_assert_eq!(id.to_string().parse::<RequestId>(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<RequestId>(&json).unwrap(), id);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<RequestId>();
            let _ = text.parse::<VendorId>();
        }
    }
}
