//! What every listing has in common: a bound, `--json`, and a table for people.

use std::io::Write;

use comfy_table::{Table, presets};
use marketplace::Timestamp;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// Rows shown to a person who names no limit.
const ROWS_FOR_PEOPLE: i64 = 50;
/// Rows given to a program that names no limit.
const ROWS_FOR_PROGRAMS: i64 = 10_000;

/// Options of every listing.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Listing {
    /// Show at most N rows [default: 50, with --json 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: Option<i64>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl Listing {
    /// How many rows to ask the database for: one more than are shown tells whether there are more.
    pub(crate) fn fetch(self) -> i64 {
        self.limit() + 1
    }

    fn limit(self) -> i64 {
        self.limit.unwrap_or(if self.json { ROWS_FOR_PROGRAMS } else { ROWS_FOR_PEOPLE })
    }

    /// Prints `rows` as `{"<name>":[…],"more":bool}`, or as a table of `columns` made by `cells`.
    pub(crate) fn print<T: serde::Serialize>(
        self,
        out: &mut dyn Write,
        name: &str,
        mut rows: Vec<T>,
        columns: &[&str],
        cells: impl Fn(&T) -> Vec<String>,
    ) -> Result<(), Failure> {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        if self.json {
            let mut object = Map::new();
            object.insert(name.to_owned(), serde_json::to_value(&rows)?);
            object.insert("more".to_owned(), more.into());
            writeln!(out, "{}", Value::Object(object))?;
            return Ok(());
        }
        if rows.is_empty() {
            writeln!(out, "none")?;
            return Ok(());
        }
        let mut table = Columns::of(columns);
        for row in &rows {
            table.0.add_row(cells(row).iter().map(|text| one_line(text)));
        }
        table.print(out)?;
        if more {
            writeln!(out, "… and more: --limit shows them")?;
        }
        Ok(())
    }
}

/// A short table for people that is no listing: nothing bounds it.
pub(crate) struct Columns(Table);

impl Columns {
    /// With these headings.
    pub(crate) fn of(columns: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(columns.to_vec());
        Self(table)
    }

    /// One more row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.0.add_row(cells.map(one_line));
    }

    /// Prints it.
    pub(crate) fn print(&self, out: &mut dyn Write) -> Result<(), Failure> {
        Ok(writeln!(out, "{}", self.0.trim_fmt())?)
    }
}

/// A moment to the second, in UTC.
pub(crate) fn second(at: Timestamp) -> String {
    let text = at.to_string();
    let whole = text.split('.').next().unwrap_or_default();
    format!("{}Z", whole.replace('T', " "))
}

/// An absent value.
pub(crate) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("–").to_owned()
}

/// A text of someone else's, safe for a terminal: no control character survives but the line break, and nothing
/// that cannot be seen or turns the text around.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if (c.is_control() && c != '\n') || is_deceptive(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Whether a character shows nothing and can make a text look like another: overrides of direction, spaces without
/// width, tags. The joiners stay: emoji and several scripts are written with them.
pub(crate) const fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The same on one line, cut to a cell's width.
fn one_line(text: &str) -> String {
    const WIDTH: usize = 60;
    let flat = harmless(text).replace('\n', " ");
    if flat.chars().count() <= WIDTH {
        return flat;
    }
    flat.chars().take(WIDTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(limit: Option<i64>, json: bool) -> String {
        let mut out = Vec::new();
        let rows = vec!["one", "two\u{1b}[2J", "three"];
        Listing { limit, json }
            .print(&mut out, "things", rows, &["THING"], |row| vec![(*row).to_owned()])
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_bound_that_cuts_is_said() {
        assert_eq!(printed(Some(2), true), "{\"more\":true,\"things\":[\"one\",\"two\\u001b[2J\"]}\n");
        assert_eq!(printed(Some(3), true).matches("\"more\":false").count(), 1);
        assert!(printed(Some(2), false).ends_with("… and more: --limit shows them\n"));
        assert!(!printed(None, false).contains("more"));
    }

    #[test]
    fn no_escape_sequence_reaches_the_terminal() {
        assert!(!printed(None, false).contains('\u{1b}'));
        assert_eq!(harmless("a\tb\nc\u{9b}d"), "a\u{fffd}b\nc\u{fffd}d");
        assert_eq!(harmless("\u{202e}moc.live\u{200b}"), "\u{fffd}moc.live\u{fffd}");
        assert_eq!(harmless("👩\u{200d}👧"), "👩\u{200d}👧");
        assert_eq!(one_line(&"x".repeat(61)).chars().count(), 60);
    }

    #[test]
    fn times_are_read_to_the_second() {
        assert_eq!(second(Timestamp::from_millis(1_790_000_000_123)), "2026-09-21 14:13:20Z");
    }
}
