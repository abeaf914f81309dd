//! Tesseract's table.

use proptest::prelude::*;

use crate::tsv::parse;
use crate::{OcrError, Reading};

const HEADER: &str =
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n";
const PAGE: &str = "1\t1\t0\t0\t0\t0\t0\t0\t1200\t1600\t-1\t\n";

fn word(block: u32, line: u32, number: u32, confidence: &str, text: &str) -> String {
    format!("5\t1\t{block}\t1\t{line}\t{number}\t10\t10\t50\t20\t{confidence}\t{text}\n")
}

fn read(rows: &[&str]) -> Result<Reading, OcrError> {
    parse(format!("{HEADER}{PAGE}{}", rows.concat()).as_bytes())
}

#[test]
fn words_become_lines() {
    let rows = [
        word(1, 1, 1, "96.5", "Brake"),
        word(1, 1, 2, "95.5", "pads"),
        word(1, 2, 1, "40", "\"4,070.00"),
        word(2, 2, 1, "91.000000", "مرحبا"),
    ];
    let reading = read(&rows.each_ref().map(String::as_str)).unwrap();
    assert_eq!(reading.text(), "Brake pads\n\"4,070.00\nمرحبا");
}

/// A long word counts more than a short one: (5 × 90 + 1 × 30) ÷ 6.
#[test]
fn confidence_is_weighted_by_characters() {
    let rows = [word(1, 1, 1, "90", "Brake"), word(1, 1, 2, "30", "é"), word(1, 2, 1, "50", "pads.X")];
    let reading = read(&rows.each_ref().map(String::as_str)).unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(near(reading.lines[0].confidence, 0.8));
    assert!(near(reading.lines[1].confidence, 0.5));
    assert!(near(reading.confidence, 0.65));
}

#[test]
fn blank_words_are_no_text_and_count_nothing() {
    let frame = word(1, 1, 1, "95.000000", " ");
    let control = word(1, 2, 1, "95", "\u{c}\u{7}");
    let empty = word(1, 3, 1, "95", "");
    let reading = read(&[&frame, &control, &empty]).unwrap();
    assert_eq!(reading, Reading::default());
    assert_eq!(parse(HEADER.as_bytes()), Ok(Reading::default()));
    let marked = word(1, 1, 1, "90", "pa\u{1b}ds");
    assert_eq!(read(&[&marked]).unwrap().text(), "pads");
}

#[test]
fn confidences_out_of_range_are_brought_back() {
    let rows = [word(1, 1, 1, "-1", "low"), word(1, 2, 1, "100.5", "high")];
    let reading = read(&rows.each_ref().map(String::as_str)).unwrap();
    let confidences: Vec<f64> = reading.lines.iter().map(|line| line.confidence).collect();
    assert_eq!(confidences, [0.0, 1.0]);
}

#[test]
fn anything_else_is_garbage() {
    let cut = word(1, 1, 1, "96", "Brake");
    let whole = format!("{HEADER}{cut}");
    let bad: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\n".to_vec(),
        b"Brake pads\n".to_vec(),
        HEADER.trim_end().as_bytes().to_vec(),
        whole.trim_end().as_bytes().to_vec(),
        format!("{HEADER}\n").into_bytes(),
        format!("{HEADER}5\t1\t1\n").into_bytes(),
        format!("{HEADER}{}", word(1, 1, 1, "NaN", "x")).into_bytes(),
        format!("{HEADER}{}", word(1, 1, 1, "inf", "x")).into_bytes(),
        format!("{HEADER}{}", word(1, 1, 1, "", "x")).into_bytes(),
        format!("{HEADER}{}", cut.replacen('5', "word", 1)).into_bytes(),
        format!("{HEADER}{}", cut.replacen("\t1", "\t-1", 1)).into_bytes(),
        [HEADER.as_bytes(), b"5\t1\t1\t1\t1\t1\t1\t1\t1\t1\t90\t\xFF\n"].concat(),
    ];
    for bytes in bad {
        assert_eq!(parse(&bytes), Err(OcrError::Garbage), "{}", String::from_utf8_lossy(&bytes));
    }
}

/// A prescription's text is in no log by accident.
#[test]
fn debug_shows_lengths_only() {
    let reading = read(&[&word(1, 1, 1, "90", "Amoxicillin")]).unwrap();
    let shown = format!("{reading:?}");
    assert!(shown.contains("characters: 11"));
    assert!(!shown.contains("Amox"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), headed: bool) {
        let head = if headed { HEADER.as_bytes() } else { b"" };
        let _ = parse(&[head, &bytes].concat());
    }

    #[test]
    fn no_rows_make_it_fail(rows in prop::collection::vec("[0-9]{1,3}(\t[-0-9.eaN]{0,5}){9}\t[-0-9.]{1,6}\t[^\n]{0,9}", 0..8)) {
        let rows: String = rows.iter().flat_map(|row| [row.as_str(), "\n"]).collect();
        let _ = parse(format!("{HEADER}{rows}").as_bytes());
    }

    #[test]
    fn what_it_reads_is_within_bounds(words in prop::collection::vec((0..4_u32, 0..4_u32, -200.0..300.0_f64, "[^\n\t]{0,12}"), 0..30)) {
        let rows: String = words.iter().map(|(block, line, confidence, text)| word(*block, *line, 1, &confidence.to_string(), text)).collect();
        let reading = parse(format!("{HEADER}{rows}").as_bytes()).unwrap();
        prop_assert!((0.0..=1.0).contains(&reading.confidence));
        prop_assert_eq!(reading.lines.is_empty() && reading.confidence > 0.0, false);
        for line in reading.lines {
            prop_assert!((0.0..=1.0).contains(&line.confidence));
            prop_assert!(!line.text.trim().is_empty());
            prop_assert!(!line.text.chars().any(char::is_control));
        }
    }
}
