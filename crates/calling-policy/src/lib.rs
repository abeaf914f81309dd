//! `calling-policy`
