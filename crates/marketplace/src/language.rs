//! The languages we ship sentences in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language of the message catalogue, by its ISO 639-1 code.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
#[schemars(inline)]
pub enum Language {
    /// English, the fallback.
    #[default]
    En,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// French.
    Fr,
    /// Swahili.
    Sw,
    /// Arabic.
    Ar,
}
