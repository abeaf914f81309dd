//! The machine-readable result of a run.

use std::time::Duration;

use serde::Serialize;

use crate::{checks::Check, evidence::Evidence};

/// What `--json` prints, one object per scenario.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which story.
    pub scenario: &'static str,
    /// With which seed.
    pub seed: u64,
    /// Whether every check held.
    pub ok: bool,
    /// One line per request.
    pub requests: Vec<RequestReport>,
    /// Every rule.
    pub checks: Vec<Check>,
    /// How long the parts took, real milliseconds.
    pub timings_ms: Timings,
}

/// A request's way.
#[derive(Debug, Serialize)]
pub struct RequestReport {
    /// Its id.
    pub id: String,
    /// Its states in order.
    pub states: Vec<String>,
    /// Messages in and out.
    pub messages: usize,
}

/// Real milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// Database, vendors, programs.
    pub start: u64,
    /// From the first message until everything came to rest.
    pub play: u64,
    /// Reading the product's accounts.
    pub collect: u64,
    /// Stopping everything.
    pub stop: u64,
    /// All of it.
    pub total: u64,
}

impl Report {
    /// From what a run left behind.
    pub fn new(
        scenario: &'static str,
        seed: u64,
        evidence: &Evidence,
        checks: Vec<Check>,
        timings: Timings,
    ) -> Self {
        let requests = evidence
            .requests
            .iter()
            .map(|account| RequestReport {
                id: account.request.id.clone(),
                states: account.states().into_iter().map(str::to_owned).collect(),
                messages: account.messages.len(),
            })
            .collect();
        Self {
            scenario,
            seed,
            ok: checks.iter().all(|check| check.ok),
            requests,
            checks,
            timings_ms: timings,
        }
    }
}

impl Report {
    /// Of a run that could not be played to its end.
    pub fn of_failure(scenario: &'static str, seed: u64, error: &str) -> Self {
        let detail = error.lines().next().unwrap_or_default().to_owned();
        let check = Check { name: "the story could be played", ok: false, detail };
        Self {
            scenario,
            seed,
            ok: false,
            requests: Vec::new(),
            checks: vec![check],
            timings_ms: Timings::default(),
        }
    }
}

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::evidence;

    #[test]
    fn the_object_has_the_documented_fields() {
        let check = Check { name: "rule", ok: true, detail: "seen".into() };
        let report = Report::new("happy-path", 1, &evidence(), vec![check], Timings::default());
        insta::assert_snapshot!(serde_json::to_string(&report).unwrap(), @r#"{"scenario":"happy-path","seed":1,"ok":true,"requests":[{"id":"req_1","states":["new","clarifying","sourcing","shortlisted","handed_off"],"messages":9}],"checks":[{"name":"rule","ok":true,"detail":"seen"}],"timings_ms":{"start":0,"play":0,"collect":0,"stop":0,"total":0}}"#);
    }
}
