//! Who is asked for consent or called.

use std::{borrow::Cow, fmt, str::FromStr};

use marketplace::{IdError, VendorId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The client, or one vendor by id. On the wire `client` or the vendor's id; a vendor that the directory
/// calls `client` can therefore not be called, which is the safe side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The client of the request.
    Client,
    /// A vendor.
    Vendor(VendorId),
}

impl FromStr for Party {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == "client" { Ok(Self::Client) } else { text.parse().map(Self::Vendor) }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("client"),
            Self::Vendor(vendor) => vendor.fmt(f),
        }
    }
}

impl Serialize for Party {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Party {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Party {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Party".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let _ = generator;
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$" })
    }
}
