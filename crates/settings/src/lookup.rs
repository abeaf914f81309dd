//! Where values come from.

use std::env::{self, VarError};

/// The value of an environment variable is not UTF-8 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUnicode;

/// A source of environment variables. Any `Fn(&str) -> Option<String>` is one.
pub trait Lookup {
    /// The variable's text; `None` when it is not set.
    fn get(&self, variable: &str) -> Result<Option<String>, NotUnicode>;
}

impl<F: Fn(&str) -> Option<String>> Lookup for F {
    fn get(&self, variable: &str) -> Result<Option<String>, NotUnicode> {
        Ok(self(variable))
    }
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Lookup for ProcessEnvironment {
    fn get(&self, variable: &str) -> Result<Option<String>, NotUnicode> {
        match env::var(variable) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(NotUnicode),
        }
    }
}
