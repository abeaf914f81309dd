//! Tesseract's table: what it saw, one box a row.

use crate::{Line, OcrError, Reading};

const HEADER: &str =
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext";
const COLUMNS: usize = 12;
/// Pages, blocks, paragraphs and lines have lower levels, and no text.
const WORD: u32 = 5;

/// One word.
struct Word<'a> {
    /// Page, block, paragraph, line.
    line: [u32; 4],
    /// 0 to 1.
    confidence: f64,
    text: &'a str,
}

/// Words with one confidence for all of them.
#[derive(Default)]
struct Mean {
    weighted: f64,
    characters: f64,
}

impl Mean {
    fn add(&mut self, confidence: f64, text: &str) {
        let characters = text.chars().fold(0.0, |count, _| count + 1.0);
        self.weighted += confidence * characters;
        self.characters += characters;
    }

    fn value(&self) -> f64 {
        if self.characters > 0.0 { (self.weighted / self.characters).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// Reads the whole table. It has no quoting, so it is not CSV: a quotation mark is a quotation mark.
/// Anything that is not the table, to the last row, is [`OcrError::Garbage`].
pub(crate) fn parse(bytes: &[u8]) -> Result<Reading, OcrError> {
    let text = std::str::from_utf8(bytes).map_err(|_| OcrError::Garbage)?;
    let mut rows = text.strip_suffix('\n').ok_or(OcrError::Garbage)?.split('\n');
    if rows.next() != Some(HEADER) {
        return Err(OcrError::Garbage);
    }
    let mut reading = Reading::default();
    let (mut whole, mut of_line, mut at) = (Mean::default(), Mean::default(), None);
    for row in rows {
        let Some(word) = word(row)? else { continue };
        let clean: String = word.text.chars().filter(|character| !character.is_control()).collect();
        // A frame or a photograph is a word of one space, with a confidence of 95.
        let clean = clean.trim();
        if clean.is_empty() {
            continue;
        }
        if at != Some(word.line) {
            at = Some(word.line);
            of_line = Mean::default();
            reading.lines.push(Line { text: String::new(), confidence: 0.0 });
        }
        whole.add(word.confidence, clean);
        of_line.add(word.confidence, clean);
        if let Some(line) = reading.lines.last_mut() {
            if !line.text.is_empty() {
                line.text.push(' ');
            }
            line.text.push_str(clean);
            line.confidence = of_line.value();
        }
    }
    reading.confidence = whole.value();
    Ok(reading)
}

/// `None` for a row without a word.
fn word(row: &str) -> Result<Option<Word<'_>>, OcrError> {
    let columns: Vec<&str> = row.splitn(COLUMNS, '\t').collect();
    let [level, page, block, paragraph, line, _, _, _, _, _, confidence, text] = columns.as_slice() else {
        return Err(OcrError::Garbage);
    };
    let number = |column: &str| column.parse::<u32>().map_err(|_| OcrError::Garbage);
    let line = [number(page)?, number(block)?, number(paragraph)?, number(line)?];
    let confidence: f64 = confidence.parse().map_err(|_| OcrError::Garbage)?;
    if !confidence.is_finite() {
        return Err(OcrError::Garbage);
    }
    let word = Word { line, confidence: (confidence / 100.0).clamp(0.0, 1.0), text };
    Ok((number(level)? == WORD).then_some(word))
}
