//! What any reader of pictures offers.

use std::fmt;

use async_trait::async_trait;

use crate::{OcrError, OcrLanguage};

/// Reads text from pictures.
#[async_trait]
pub trait OcrEngine: Send + Sync {
    /// The text of `picture`, which may be in any of `languages`, the likeliest first. Languages that are not installed
    /// are left out as long as one remains. Dropping the future stops the work.
    async fn read(&self, picture: &[u8], languages: &[OcrLanguage]) -> Result<Reading, OcrError>;
}

/// What was read from one picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Lines in reading order, none of them blank.
    pub lines: Vec<Line>,
    /// 0 to 1, the mean of all words weighted by their characters; 0 where there is no text.
    pub confidence: f64,
}

impl Reading {
    /// The lines, one below the other.
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }
}

/// One line of text.
#[derive(Clone, PartialEq)]
pub struct Line {
    /// Its words, one space between them, without control characters.
    pub text: String,
    /// 0 to 1, the mean of its words weighted by their characters.
    pub confidence: f64,
}

/// A line may be a prescription's: its length is enough for a log.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("characters", &self.text.chars().count())
            .field("confidence", &self.confidence)
            .finish()
    }
}
