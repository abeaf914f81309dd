//! What can go wrong, and who can do something about it. No error holds anything of a picture or of its text.

use std::io;
use std::time::Duration;

use crate::{Format, OcrLanguage};

/// Who can do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The client: with another picture, or by typing. The same picture fails again.
    Picture,
    /// Time: the same picture may be read later.
    Moment,
    /// The operator: nothing is read until the machine is set up.
    Setup,
}

/// Why a picture was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcrError {
    /// Refused by its head; Tesseract was not asked.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// Tesseract cannot decode it: damaged, cut off or of an odd kind.
    #[error("Tesseract cannot decode the picture")]
    Undecodable,
    /// As many pictures are read or waiting as may be.
    #[error("too many pictures are being read")]
    Busy,
    /// The wall-clock or the CPU time was up; the process group was killed.
    #[error("Tesseract took longer than {} ms and was stopped", .0.as_millis())]
    TimedOut(Duration),
    /// Ended by a signal: a crash, no memory (6), or somebody's kill (9).
    #[error("Tesseract was ended by signal {signal}")]
    Killed {
        /// Its number.
        signal: i32,
    },
    /// Ended with an exit code that Tesseract does not use for pictures.
    #[error("Tesseract failed with exit code {code}")]
    Failed {
        /// The exit code.
        code: i32,
    },
    /// It wrote more than an answer can have; it was killed.
    #[error("Tesseract wrote more than {limit_bytes} bytes and was stopped")]
    TooMuchOutput {
        /// The limit.
        limit_bytes: usize,
    },
    /// It answered something else than its table.
    #[error("Tesseract answered something else than its table")]
    Garbage,
    /// No program of that name.
    #[error("Tesseract is not installed (Debian: tesseract-ocr)")]
    NotInstalled,
    /// A program that does not answer as Tesseract does.
    #[error("the program set for OCR does not answer as Tesseract does")]
    NotTesseract,
    /// Older than the settings that we read with.
    #[error("Tesseract {found} is too old, version {needed} is needed")]
    TooOld {
        /// Its major version.
        found: u32,
        /// The least major version.
        needed: u32,
    },
    /// None of the wanted languages is installed.
    #[error("no pack of a wanted language is installed (Debian: {})", packages(.0))]
    LanguageMissing(Vec<OcrLanguage>),
    /// The caller named no language.
    #[error("no language to read in")]
    NoLanguage,
    /// The operating system refused a process, a pipe or a limit.
    #[error("cannot run Tesseract: {0}")]
    System(io::ErrorKind),
}

fn packages(languages: &[OcrLanguage]) -> String {
    let names: Vec<&str> = languages.iter().map(|language| language.debian_package()).collect();
    names.join(" ")
}

impl OcrError {
    /// Who can do something about it. A crash and an overrun are the picture's: Tesseract has bugs, and a picture that
    /// hits one hits it again. An overrun on a busy machine is worth one more try at most.
    pub const fn class(&self) -> Class {
        match self {
            Self::Picture(_)
            | Self::Undecodable
            | Self::TimedOut(_)
            | Self::Killed { .. }
            | Self::TooMuchOutput { .. } => Class::Picture,
            Self::Busy | Self::System(_) => Class::Moment,
            Self::Failed { .. }
            | Self::Garbage
            | Self::NotInstalled
            | Self::NotTesseract
            | Self::TooOld { .. }
            | Self::LanguageMissing(_)
            | Self::NoLanguage => Class::Setup,
        }
    }
}

/// Why a picture was refused by its head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// More bytes than we take.
    #[error("the picture has {bytes} bytes, more than {limit}")]
    TooManyBytes {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Neither JPEG nor PNG nor WebP, or empty.
    #[error("the file is neither JPEG nor PNG nor WebP")]
    UnknownFormat,
    /// Its head says no size.
    #[error("the head of the {0} is damaged")]
    Damaged(Format),
    /// More than one frame.
    #[error("the {0} is animated")]
    Animated(Format),
    /// A side out of bounds, or too many pixels.
    #[error("{width} x {height} pixels are out of bounds")]
    OutOfBounds {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
}
