//! Reads variables one by one and keeps every fault.

use crate::{
    fault::{ConfigError, Fault},
    lookup::{Lookup, NotUnicode},
    variables::Variable,
};

/// The value could not be had; the reason is already among the reader's faults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faulty;

/// What a parser says about a text: the value, or what is wrong with it (never the text itself).
pub(crate) type Parsed<T> = Result<T, String>;

pub(crate) struct Reader<'a> {
    lookup: &'a dyn Lookup,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(lookup: &'a dyn Lookup) -> Self {
        Self { lookup, faults: Vec::new() }
    }

    /// A variable that has to be set. `missing` is the rest of the sentence when it is not.
    pub(crate) fn required<T>(
        &mut self,
        variable: &Variable,
        missing: &str,
        parse: impl FnOnce(&str) -> Parsed<T>,
    ) -> Result<T, Faulty> {
        match self.optional(variable, parse)? {
            Some(value) => Ok(value),
            None => Err(self.fault(variable, missing)),
        }
    }

    /// A variable that may be left out.
    pub(crate) fn optional<T>(
        &mut self,
        variable: &Variable,
        parse: impl FnOnce(&str) -> Parsed<T>,
    ) -> Result<Option<T>, Faulty> {
        let Some(text) = self.text(variable)? else { return Ok(None) };
        parse(&text).map(Some).map_err(|problem| self.fault(variable, problem))
    }

    /// A variable with a default, which is parsed like any other text.
    pub(crate) fn or_default<T>(
        &mut self,
        variable: &Variable,
        parse: impl FnOnce(&str) -> Parsed<T>,
    ) -> Result<T, Faulty> {
        let text = match self.text(variable)? {
            Some(text) => text,
            None => variable.default.unwrap_or_default().to_owned(),
        };
        parse(&text).map_err(|problem| self.fault(variable, problem))
    }

    /// Adds a fault found by looking at several variables.
    pub(crate) fn fault(&mut self, variable: &Variable, problem: impl Into<String>) -> Faulty {
        self.faults.push(Fault { variable: variable.name, problem: problem.into(), hint: variable.hint });
        Faulty
    }

    /// Puts the settings together if nothing was wrong.
    pub(crate) fn finish<T>(self, build: impl FnOnce() -> Result<T, Faulty>) -> Result<T, ConfigError> {
        match build() {
            Ok(settings) if self.faults.is_empty() => Ok(settings),
            Ok(_) | Err(Faulty) => Err(ConfigError::new(self.faults)),
        }
    }

    /// The text without surrounding white space (a line break at the end of a mounted secret, say).
    ///
    /// Set but blank is a fault for every variable: it is a forgotten value, not a wish for the default.
    fn text(&mut self, variable: &Variable) -> Result<Option<String>, Faulty> {
        match self.lookup.get(variable.name) {
            Ok(None) => Ok(None),
            Ok(Some(text)) if text.trim().is_empty() => {
                Err(self.fault(variable, "is set but blank; give it a value or remove it"))
            }
            Ok(Some(text)) => Ok(Some(text.trim().to_owned())),
            Err(NotUnicode) => Err(self.fault(variable, "is not UTF-8 text")),
        }
    }
}
