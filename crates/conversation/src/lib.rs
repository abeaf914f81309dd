//! `conversation`
