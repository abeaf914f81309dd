//! `tool-registry`
