//! The report as a table for people.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use crate::report::{Aim, Latency, Measured, Outcome, Quantity, Report, Row};

const HEADER: [&str; 7] = ["", "what", "measured", "p50 / p99", "floor", "ratio", "aim"];
const LEGEND: &str = "\
ratio: measured by floor; of several rounds the median, with the lowest and the highest. Above 1 is better for a
rate (…/s), below 1 for a time (µs).
p50 / p99: how long one took, seen by whoever waited for it.";

/// The whole table, with the machine above it.
pub(crate) fn render(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "machine: {} cores, {}, {} build; 4 KiB append with fdatasync: {}\n",
        machine.cores,
        machine.platform,
        machine.build,
        time(machine.fsync_us),
    );
    for database in &machine.databases {
        let _ = writeln!(text, "{database}");
    }
    text.push('\n');
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(HEADER);
    for row in &report.rows {
        table.add_row(cells(row));
    }
    for numeric in [2, 3, 5] {
        if let Some(column) = table.column_mut(numeric) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let _ = writeln!(text, "{table}\n\n{LEGEND}");
    if report.quick {
        text.push_str("--quick: short measurements, for a first look only.\n");
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![row.database.to_owned(), row.what.clone()];
    cells.extend(match &row.outcome {
        Outcome::Measured(measured) => [
            quantity(measured.value),
            spread(measured.each),
            format!("{}: {}", quantity(measured.floor), measured.floor_is),
            ratio(measured),
            measured.aim.map_or_else(String::new, |aim| verdict(aim, measured)),
        ],
        Outcome::Skipped { reason } => {
            [format!("skipped: {reason}"), String::new(), String::new(), String::new(), String::new()]
        }
    });
    cells
}

fn ratio(measured: &Measured) -> String {
    match measured.ratio_range {
        Some((least, most)) => format!("{:.2}× ({least:.1}–{most:.1})", measured.ratio),
        None => format!("{:.2}×", measured.ratio),
    }
}

fn verdict(aim: Aim, measured: &Measured) -> String {
    let bound = match aim {
        Aim::RatioAtLeast(least) => format!("≥ {least}×"),
        Aim::AtMost(most) => format!("≤ {most} {}", measured.value.unit),
    };
    let met = if aim.is_met(measured.value, measured.ratio) { "met" } else { "MISSED" };
    format!("{bound} {met}")
}

fn quantity(quantity: Quantity) -> String {
    let digits = usize::from(quantity.amount < 100.0);
    format!("{:.digits$} {}", quantity.amount, quantity.unit)
}

fn spread(latency: Latency) -> String {
    format!("{} / {}", time(latency.p50_us), time(latency.p99_us))
}

/// Milliseconds from one millisecond on.
fn time(us: f64) -> String {
    if us < 1_000.0 { format!("{us:.1} µs") } else { format!("{:.1} ms", us / 1_000.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn a_report_reads_well() {
        insta::assert_snapshot!(render(&report()), @r"
        machine: 2 cores, linux x86_64, release build; 4 KiB append with fdatasync: 812.5 µs
        SQLite: write-ahead log, synchronous=FULL

        |            | what                           |               measured |         p50 / p99 | floor                          |           ratio | aim            |
        |------------|--------------------------------|------------------------|-------------------|--------------------------------|-----------------|----------------|
        | SQLite     | webhook intake, 32 connections |          2135 events/s | 12.3 ms / 45.6 ms | 1000 events/s: one commit each | 2.13× (1.2–2.5) | ≥ 1.5× met     |
        |            | validate a plan                |                17.2 µs | 17.0 µs / 21.0 µs | 5.0 µs: serde_json::Value      |           3.45× | ≤ 15 µs MISSED |
        | PostgreSQL | webhook intake, 32 connections | skipped: no PostgreSQL |                   |                                |                 |                |

        ratio: measured by floor; of several rounds the median, with the lowest and the highest. Above 1 is better for a
        rate (…/s), below 1 for a time (µs).
        p50 / p99: how long one took, seen by whoever waited for it.
        ");
    }

    #[test]
    fn times_change_their_unit_at_a_millisecond() {
        for (us, text) in [(0.04, "0.0 µs"), (999.9, "999.9 µs"), (1_000.0, "1.0 ms"), (12_345.0, "12.3 ms")]
        {
            assert_eq!(time(us), text);
        }
    }
}
