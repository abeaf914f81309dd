//! `.env.example` and the code agree.

use std::collections::BTreeMap;

use super::Env;
use crate::{ApiSettings, VARIABLES, WorkerSettings};

const FILE: &str = include_str!("../../../../.env.example");

/// `NAME=value` lines, commented out (`#NAME=value`) or not.
fn assignments() -> impl Iterator<Item = (bool, &'static str, &'static str)> {
    FILE.lines().filter_map(|line| {
        let text = line.strip_prefix('#').unwrap_or(line);
        let (name, value) = text.split_once('=')?;
        let is_name = name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        is_name.then_some((!line.starts_with('#'), name, value))
    })
}

#[test]
fn it_lists_every_variable_once_with_its_default() {
    let listed: Vec<&str> = assignments().map(|(_, name, _)| name).collect();
    let known: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(listed, known, "same variables in the same order");
    let values: BTreeMap<&str, &str> = assignments().map(|(_, name, value)| (name, value)).collect();
    for variable in VARIABLES {
        assert_eq!(values[variable.name], variable.default.unwrap_or_default(), "{}", variable.name);
    }
}

#[test]
fn it_sets_nothing_that_is_blank() {
    for (set, name, value) in assignments() {
        assert!(!set || !value.is_empty(), "{name} would be refused");
    }
}

#[test]
fn its_defaults_are_accepted() {
    let mut env = Env::default();
    for (_, name, value) in assignments().filter(|(_, _, value)| !value.is_empty()) {
        env = env.with(name, value);
    }
    let api = env.clone().with("META_APP_SECRET", "s").with("META_VERIFY_TOKEN", "t");
    assert!(ApiSettings::read(&api).is_ok());
    let worker = env.with("META_ACCESS_TOKEN", "t").with("META_PHONE_NUMBER_ID", "1");
    assert!(WorkerSettings::read(&worker).is_ok());
}
