//! The directory as CSV: read as a whole, every fault of every row found before anything is imported.

use std::{collections::BTreeMap, fmt};

use csv::ByteRecord;
use marketplace::{E164, Language, VendorId};
use store::vendors::VendorRecord;
use vendor_search::Hours;

/// The columns, in this order; the last may be missing.
pub(super) const COLUMNS: [&str; 11] = [
    "vendor_id",
    "name",
    "phone",
    "categories",
    "latitude",
    "longitude",
    "timezone",
    "languages",
    "accepts_inquiries",
    "rating",
    "hours",
];
/// How many columns a file has that says nothing of hours.
const COLUMNS_WITHOUT_HOURS: usize = 10;

/// The most rows of one file.
pub(super) const ROWS_MAX: usize = 200_000;
/// The longest name, in characters.
const NAME_MAX: usize = 120;
/// The longest category, in characters; Moltbot's contract has the same bound.
const CATEGORY_MAX: usize = moltbot_contract::limits::CATEGORY_MAX;
/// The most categories of one vendor.
const CATEGORIES_MAX: usize = 50;
/// The longest IANA zone name has 32 characters.
const TIMEZONE_MAX: usize = 64;

/// One thing wrong with a file, where it is and what was expected. Repeats no name and no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Counted from 1, the header included.
    pub(super) line: u64,
    /// Number from 1 and name; `None`: the row as a whole.
    pub(super) column: Option<(usize, &'static str)>,
    /// What was expected.
    pub(super) problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some((number, name)) = self.column {
            write!(f, ", column {number} ({name})")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Reads a directory.
///
/// # Errors
/// Every fault, in the order of the file.
pub(super) fn read(text: &[u8]) -> Result<Vec<VendorRecord>, Vec<Fault>> {
    // Spreadsheets put a byte order mark before UTF-8.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut lines = Lines { text, offset: 0, line: 1 };
    let mut record = ByteRecord::new();
    let mut rows = Rows::default();
    let mut header_seen = false;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                rows.faults.push(Fault { line: lines.line, column: None, problem: error.to_string() });
                break;
            }
        }
        let line = lines.of(&record);
        if !header_seen {
            rows.columns = check_header(&record, line).map_err(|fault| vec![fault])?;
            header_seen = true;
        } else if rows.count == ROWS_MAX {
            rows.faults.push(Fault {
                line,
                column: None,
                problem: format!("expected at most {ROWS_MAX} rows; split the file"),
            });
            break;
        } else {
            rows.take(&record, line);
        }
    }
    if !header_seen {
        return Err(vec![Fault { line: 1, column: None, problem: expected_header() }]);
    }
    if rows.faults.is_empty() { Ok(rows.good) } else { Err(rows.faults) }
}

fn expected_header() -> String {
    format!("expected the header {}; the last column may be left out", COLUMNS.join(","))
}

/// How many columns the file has.
fn check_header(record: &ByteRecord, line: u64) -> Result<usize, Fault> {
    let named = record.iter().map(<[u8]>::trim_ascii);
    let counted = [COLUMNS_WITHOUT_HOURS, COLUMNS.len()].contains(&record.len());
    if counted && named.zip(COLUMNS).all(|(name, column)| name == column.as_bytes()) {
        return Ok(record.len());
    }
    Err(Fault { line, column: None, problem: expected_header() })
}

/// Which line a record begins on. The reader's own count is one short after blank lines and CRLF.
struct Lines<'a> {
    text: &'a [u8],
    offset: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, record: &ByteRecord) -> u64 {
        let start = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = self.text.get(start..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.text.get(self.offset..start + blank).unwrap_or_default();
        self.line += passed.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.offset = start + blank;
        self.line
    }
}

/// The rows read so far.
#[derive(Default)]
struct Rows {
    /// How many columns each row must have.
    columns: usize,
    count: usize,
    good: Vec<VendorRecord>,
    faults: Vec<Fault>,
    lines_of_ids: BTreeMap<VendorId, u64>,
    lines_of_phones: BTreeMap<E164, u64>,
}

impl Rows {
    fn take(&mut self, record: &ByteRecord, line: u64) {
        self.count += 1;
        if record.len() != self.columns {
            let problem = format!("expected {} columns, found {}", self.columns, record.len());
            self.faults.push(Fault { line, column: None, problem });
            return;
        }
        let mut row = Row { record, line, faults: &mut self.faults };
        let id = row.cell(0, vendor_id);
        if let Ok(id) = &id {
            row.once(0, &mut self.lines_of_ids, id);
        }
        let name = row.cell(1, name);
        let phone = row.cell(2, phone);
        if let Ok(phone) = &phone {
            row.once(2, &mut self.lines_of_phones, phone);
        }
        if let (Ok(id), Ok(phone)) = (&id, &phone)
            && holds_number(id, phone)
        {
            row.fault(
                0,
                "expected an id of your own without the vendor's number: ids outlive an erasure".to_owned(),
            );
        }
        let categories = row.cell(3, categories);
        let position = row.position();
        let timezone = row.cell(6, timezone);
        let languages = row.cell(7, languages);
        let accepts_inquiries = row.cell(8, yes_or_no);
        let rating = row.cell(9, |text| optional_number(text, 0.0, 5.0));
        let hours = row.cell(10, hours);
        let whole = (|| {
            Ok::<_, Noted>(VendorRecord {
                id: id?,
                name: name?,
                phone: phone?,
                categories: categories?,
                position: position?,
                timezone: timezone?,
                languages: languages?,
                accepts_inquiries: accepts_inquiries?,
                hours: hours?,
                rating: rating?,
            })
        })();
        // A row with a fault elsewhere is whole only by its values; the faults decide.
        self.good.extend(whole);
    }
}

/// The last digits by which a number is recognised in an id.
const NUMBER_TAIL: usize = 7;

/// Whether an id shows the vendor's number.
fn holds_number(id: &VendorId, phone: &E164) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let number = digits(phone.as_str());
    let tail = number.get(number.len().saturating_sub(NUMBER_TAIL)..).unwrap_or_default();
    digits(id.as_str()).contains(tail)
}

/// What a cell's reader says: the value, or what was expected.
type Cell<T> = Result<T, String>;

/// There is no value; its fault is among the file's.
struct Noted;

/// One row with its place in the file.
struct Row<'a> {
    record: &'a ByteRecord,
    line: u64,
    faults: &'a mut Vec<Fault>,
}

impl Row<'_> {
    /// A column's value.
    fn cell<T>(&mut self, index: usize, read: impl FnOnce(&str) -> Cell<T>) -> Result<T, Noted> {
        let bytes = self.record.get(index).unwrap_or_default();
        let value = match std::str::from_utf8(bytes) {
            Ok(text) => read(text.trim()),
            Err(_) => Err("expected UTF-8".to_owned()),
        };
        value.map_err(|problem| self.fault(index, problem))
    }

    fn fault(&mut self, index: usize, problem: String) -> Noted {
        let column = COLUMNS.get(index).map(|name| (index + 1, *name));
        self.faults.push(Fault { line: self.line, column, problem });
        Noted
    }

    /// Notes a value that an earlier row has.
    fn once<K: Ord + Clone>(&mut self, index: usize, seen: &mut BTreeMap<K, u64>, value: &K) {
        match seen.get(value) {
            Some(first) => {
                let problem = format!("expected each value once; line {first} has the same");
                self.fault(index, problem);
            }
            None => {
                seen.insert(value.clone(), self.line);
            }
        }
    }

    /// Both coordinates or none.
    fn position(&mut self) -> Result<Option<(f64, f64)>, Noted> {
        let latitude = self.cell(4, |text| optional_number(text, -90.0, 90.0));
        let longitude = self.cell(5, |text| optional_number(text, -180.0, 180.0));
        match (latitude?, longitude?) {
            (Some(latitude), Some(longitude)) => Ok(Some((latitude, longitude))),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(self.fault(4, "expected a latitude beside the longitude".to_owned())),
            (Some(_), None) => Err(self.fault(5, "expected a longitude beside the latitude".to_owned())),
        }
    }
}

fn vendor_id(text: &str) -> Cell<VendorId> {
    text.parse().map_err(|_| "expected 1 to 64 characters of A-Z a-z 0-9 . _ : -".to_owned())
}

fn name(text: &str) -> Cell<String> {
    let length = text.chars().count();
    if (1..=NAME_MAX).contains(&length) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("expected 1 to {NAME_MAX} characters on one line, found {length}"))
    }
}

fn phone(text: &str) -> Cell<E164> {
    E164::parse_written(text)
        .map_err(|_| "expected + and 7 to 15 digits, country code first, such as +254700000101".to_owned())
}

fn categories(text: &str) -> Cell<Vec<String>> {
    let found = parts(text);
    let fits = |category: &String| {
        category.chars().count() <= CATEGORY_MAX && !category.chars().any(char::is_control)
    };
    if (1..=CATEGORIES_MAX).contains(&found.len()) && found.iter().all(fits) {
        Ok(found)
    } else {
        Err(format!(
            "expected 1 to {CATEGORIES_MAX} categories of at most {CATEGORY_MAX} characters, separated by ;"
        ))
    }
}

fn languages(text: &str) -> Cell<Vec<Language>> {
    let expected = || "expected one or more of en es pt fr sw ar, separated by ;".to_owned();
    let found = parts(text);
    if found.is_empty() {
        return Err(expected());
    }
    found
        .iter()
        .map(|code| code.parse().map_err(|_| format!("{}, found {}", expected(), quoted(code))))
        .collect()
}

/// As it is stored: one form for all spellings of the same hours.
fn hours(text: &str) -> Cell<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse::<Hours>().map(|hours| Some(hours.to_string())).map_err(|error| error.to_string())
}

/// The parts of a list, lower case, each once, in order.
fn parts(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in text.split(';').map(|part| part.trim().to_lowercase()).filter(|part| !part.is_empty()) {
        if !found.contains(&part) {
            found.push(part);
        }
    }
    found
}

/// Whether the zone exists is for the machine that sends to know; a name of another form never does.
fn timezone(text: &str) -> Cell<String> {
    let part_fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    let parts: Vec<&str> = text.split('/').collect();
    let place_named = (2..=3).contains(&parts.len()) || matches!(text, "UTC" | "GMT");
    if place_named && text.len() <= TIMEZONE_MAX && parts.into_iter().all(part_fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("expected an IANA time zone such as Africa/Nairobi, found {}", quoted(text)))
    }
}

fn yes_or_no(text: &str) -> Cell<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("expected true, false, yes, no, 1 or 0, found {}", quoted(text))),
    }
}

fn optional_number(text: &str, min: f64, max: f64) -> Cell<Option<f64>> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
        _ => Err(format!("expected a number from {min} to {max}, or nothing, found {}", quoted(text))),
    }
}

/// A value in a message: short, and harmless for a terminal.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let cut = if text.chars().count() > SHOWN { "…" } else { "" };
    let head: String = text.chars().take(SHOWN).collect();
    format!("\"{}{cut}\"", head.escape_debug())
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
