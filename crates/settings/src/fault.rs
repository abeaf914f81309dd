//! What is wrong with a configuration, said so that it can be put right in one go.

use std::fmt;

use crate::variables::VARIABLES;

/// One thing wrong with one variable. Never holds the variable's value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The environment variable.
    pub variable: &'static str,
    /// What is wrong, as the end of a sentence that starts with the variable's name.
    pub problem: String,
    /// What to write instead.
    pub hint: &'static str,
}

/// Every fault of a configuration, in the order of the documentation; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    pub(crate) fn new(mut faults: Vec<Fault>) -> Self {
        debug_assert!(!faults.is_empty(), "a configuration without a fault was refused");
        faults.sort_by_key(|fault| VARIABLES.iter().position(|variable| variable.name == fault.variable));
        Self { faults }
    }

    /// All of them.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.len() {
            1 => write!(f, "the configuration has a problem:")?,
            count => write!(f, "the configuration has {count} problems:")?,
        }
        for Fault { variable, problem, hint } in &self.faults {
            write!(f, "\n\n  {variable} {problem}\n      expected: {hint}")?;
        }
        Ok(())
    }
}
