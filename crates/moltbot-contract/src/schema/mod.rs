//! JSON Schema 2020-12, the part we publish: generate it from types, write it in a fixed order, check values
//! against a compiled form of it.
//!
//! The validator interprets the very schema that is published, so the two cannot disagree. Keywords we do not
//! emit are an error when a schema is compiled, never silently ignored.

mod check;
mod compile;
mod generate;
mod pattern;
mod text;

pub use crate::bytes::integral;
pub use compile::{CompileError, CompiledSchema};
pub use generate::{Direction, closed, schema_of};
pub use text::{pretty, pretty_ordered};
