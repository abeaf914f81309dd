//! `tools`
