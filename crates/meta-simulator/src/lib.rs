//! `meta-simulator`
