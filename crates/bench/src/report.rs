//! What was measured, as the table and the JSON object tell it.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::stats::{Spread, median};

/// Everything of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Where it ran.
    pub(crate) machine: Machine,
    /// Whether times were cut short.
    pub(crate) quick: bool,
    /// What was measured, in the order of the table.
    pub(crate) rows: Vec<Row>,
}

/// The machine, as far as it explains the numbers.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// Operating system and processor family.
    pub(crate) platform: String,
    /// How the programs were built.
    pub(crate) build: &'static str,
    /// One 4 KiB append with `fdatasync`, the median, in microseconds.
    pub(crate) fsync_us: f64,
    /// Each database with the settings that decide what a commit costs.
    pub(crate) databases: Vec<String>,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Stable, for programs.
    pub(crate) id: String,
    /// `SQLite`, `PostgreSQL`, or nothing.
    pub(crate) database: &'static str,
    /// What was done, for people.
    pub(crate) what: String,
    /// What came out.
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What came out of one line.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Numbers.
    Measured(Measured),
    /// No numbers, and why.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// Ours beside its floor.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    /// Ours.
    pub(crate) value: Quantity,
    /// How long one took, from its caller's view.
    pub(crate) each: Latency,
    /// What the same machine does in the same run without us.
    pub(crate) floor: Quantity,
    /// What the floor is, in a few words.
    pub(crate) floor_is: String,
    /// Ours by the floor; of several rounds the median.
    pub(crate) ratio: f64,
    /// The lowest and the highest of the rounds, if there were several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio_range: Option<(f64, f64)>,
    /// What we aim at, if anything.
    pub(crate) aim: Option<Aim>,
}

impl Measured {
    pub(crate) fn new(value: Quantity, each: Spread, floor: Quantity, floor_is: impl Into<String>) -> Self {
        let ratio = if floor.amount > 0.0 { rounded(value.amount / floor.amount, 3) } else { 0.0 };
        Self {
            value,
            each: each.into(),
            floor,
            floor_is: floor_is.into(),
            ratio,
            ratio_range: None,
            aim: None,
        }
    }

    /// Replaces the ratio by the median of those of several rounds.
    pub(crate) fn with_ratios(mut self, mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        if let (Some(least), Some(most), Some(median)) = (rounds.first(), rounds.last(), median(&rounds)) {
            self.ratio = rounded(median, 3);
            self.ratio_range = (rounds.len() > 1).then(|| (rounded(*least, 3), rounded(*most, 3)));
        }
        self
    }

    pub(crate) fn with_aim(mut self, aim: Option<Aim>) -> Self {
        self.aim = aim;
        self
    }
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Quantity {
    /// How much.
    pub(crate) amount: f64,
    /// Of what.
    pub(crate) unit: &'static str,
}

impl Quantity {
    pub(crate) fn new(amount: f64, unit: &'static str) -> Self {
        Self { amount: rounded(amount, 3), unit }
    }

    pub(crate) fn micros(time: Duration) -> Self {
        Self::new(micros(time), "µs")
    }
}

/// Two percentiles in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl From<Spread> for Latency {
    fn from(spread: Spread) -> Self {
        Self { p50_us: micros(spread.p50), p99_us: micros(spread.p99) }
    }
}

/// A bound to hold. Missing it fails nothing: the machine may be slow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    /// The ratio to the floor, at least.
    RatioAtLeast(f64),
    /// The value, in its unit, at most.
    AtMost(f64),
}

impl Aim {
    pub(crate) fn is_met(self, value: Quantity, ratio: f64) -> bool {
        match self {
            Self::RatioAtLeast(least) => ratio >= least,
            Self::AtMost(most) => value.amount <= most,
        }
    }
}

impl Serialize for Aim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Bound {
            bound: &'static str,
            amount: f64,
        }
        let (bound, amount) = match *self {
            Self::RatioAtLeast(amount) => ("ratio_at_least", amount),
            Self::AtMost(amount) => ("at_most", amount),
        };
        Bound { bound, amount }.serialize(serializer)
    }
}

pub(crate) fn micros(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1e6, 3)
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A report with one line of each kind.
    pub(crate) fn report() -> Report {
        let spread = |p50, p99| Spread { p50: Duration::from_micros(p50), p99: Duration::from_micros(p99) };
        let row = |id: &str, database, what: &str, outcome| Row {
            id: id.to_owned(),
            database,
            what: what.to_owned(),
            outcome,
        };
        let intake = Measured::new(
            Quantity::new(2_134.56, "events/s"),
            spread(12_340, 45_600),
            Quantity::new(1_000.0, "events/s"),
            "one commit each",
        )
        .with_ratios(vec![2.5, 2.135, 1.2]);
        let validation = Measured::new(
            Quantity::micros(Duration::from_nanos(17_250)),
            spread(17, 21),
            Quantity::micros(Duration::from_micros(5)),
            "serde_json::Value",
        );
        let reason = "no PostgreSQL".to_owned();
        Report {
            machine: Machine {
                cores: 2,
                platform: "linux x86_64".to_owned(),
                build: "release",
                fsync_us: 812.5,
                databases: vec!["SQLite: write-ahead log, synchronous=FULL".to_owned()],
            },
            quick: false,
            rows: vec![
                row(
                    "intake.sqlite.32",
                    "SQLite",
                    "webhook intake, 32 connections",
                    Outcome::Measured(intake.with_aim(Some(Aim::RatioAtLeast(1.5)))),
                ),
                row(
                    "validate.plan.accepted",
                    "",
                    "validate a plan",
                    Outcome::Measured(validation.with_aim(Some(Aim::AtMost(15.0)))),
                ),
                row(
                    "intake.postgresql.32",
                    "PostgreSQL",
                    "webhook intake, 32 connections",
                    Outcome::Skipped { reason },
                ),
            ],
        }
    }

    #[test]
    fn the_json_object_holds_every_number_with_its_unit() {
        let report = report();
        let rows: Vec<_> = report.rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
        insta::assert_snapshot!(rows.join("\n"), @r#"
        {"id":"intake.sqlite.32","database":"SQLite","what":"webhook intake, 32 connections","outcome":"measured","value":{"amount":2134.56,"unit":"events/s"},"each":{"p50_us":12340.0,"p99_us":45600.0},"floor":{"amount":1000.0,"unit":"events/s"},"floor_is":"one commit each","ratio":2.135,"ratio_range":[1.2,2.5],"aim":{"bound":"ratio_at_least","amount":1.5}}
        {"id":"validate.plan.accepted","database":"","what":"validate a plan","outcome":"measured","value":{"amount":17.25,"unit":"µs"},"each":{"p50_us":17.0,"p99_us":21.0},"floor":{"amount":5.0,"unit":"µs"},"floor_is":"serde_json::Value","ratio":3.45,"aim":{"bound":"at_most","amount":15.0}}
        {"id":"intake.postgresql.32","database":"PostgreSQL","what":"webhook intake, 32 connections","outcome":"skipped","reason":"no PostgreSQL"}
        "#);
    }

    #[test]
    fn an_aim_looks_at_the_ratio_or_at_the_value() {
        let value = Quantity::new(15.0, "µs");
        for (aim, ratio, met) in [
            (Aim::RatioAtLeast(1.5), 1.5, true),
            (Aim::RatioAtLeast(1.5), 1.499, false),
            (Aim::AtMost(15.0), 9.0, true),
            (Aim::AtMost(14.9), 0.1, false),
        ] {
            assert_eq!(aim.is_met(value, ratio), met, "{aim:?} {ratio}");
        }
    }

    #[test]
    fn without_a_floor_the_ratio_is_nought() {
        let zero = Quantity::new(0.0, "events/s");
        let spread = Spread { p50: Duration::ZERO, p99: Duration::ZERO };
        assert!(Measured::new(Quantity::new(1.0, "events/s"), spread, zero, "").ratio.abs() < 1e-9);
    }
}
