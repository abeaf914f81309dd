//! Languages and their packs.

use std::fmt;

/// A language that we read, as Tesseract names it (ISO 639-2/T).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OcrLanguage {
    /// English.
    Eng,
    /// Spanish.
    Spa,
    /// Portuguese.
    Por,
    /// French.
    Fra,
    /// Swahili.
    Swa,
    /// Arabic.
    Ara,
}

impl OcrLanguage {
    /// Every language, English first.
    pub const ALL: [Self; 6] = [Self::Eng, Self::Spa, Self::Por, Self::Fra, Self::Swa, Self::Ara];

    /// Tesseract's name of it, such as `swa`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Eng => "eng",
            Self::Spa => "spa",
            Self::Por => "por",
            Self::Fra => "fra",
            Self::Swa => "swa",
            Self::Ara => "ara",
        }
    }

    /// The Debian package with its pack, such as `tesseract-ocr-swa`.
    pub const fn debian_package(self) -> &'static str {
        match self {
            Self::Eng => "tesseract-ocr-eng",
            Self::Spa => "tesseract-ocr-spa",
            Self::Por => "tesseract-ocr-por",
            Self::Fra => "tesseract-ocr-fra",
            Self::Swa => "tesseract-ocr-swa",
            Self::Ara => "tesseract-ocr-ara",
        }
    }

    /// The language with Tesseract's name `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The language with the two-letter code (ISO 639-1) that the rest of Concierge uses, such as `sw`.
    pub fn from_iso_639_1(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::Eng),
            "es" => Some(Self::Spa),
            "pt" => Some(Self::Por),
            "fr" => Some(Self::Fra),
            "sw" => Some(Self::Swa),
            "ar" => Some(Self::Ara),
            _ => None,
        }
    }
}

impl fmt::Display for OcrLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
