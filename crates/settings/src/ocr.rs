//! Reading pictures.

use std::path::PathBuf;

use crate::{
    meta::list,
    reader::{Faulty, Reader},
    variables::{OCR_LANGUAGES, TESSERACT_PATH},
};

/// The languages that can be read, as Tesseract names them.
const LANGUAGES: [&str; 6] = ["eng", "spa", "por", "fra", "swa", "ara"];

/// What Tesseract is run with. Whether it is there shows when the worker looks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ocr {
    /// `OCR_LANGUAGES`: the likeliest first, each once, at least one.
    pub languages: Vec<String>,
    /// `TESSERACT_PATH`.
    pub program: PathBuf,
}

impl Ocr {
    /// Checked whether or not pictures are read.
    pub(crate) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let languages = reader.or_default(&OCR_LANGUAGES, |text| {
            list(text, |code| {
                let known = LANGUAGES.contains(&code).then(|| code.to_owned());
                known.ok_or_else(|| "has an entry that is no language we read".to_owned())
            })
        });
        let program = reader.or_default(&TESSERACT_PATH, |text| Ok(PathBuf::from(text)));
        Ok(Self { languages: languages?, program: program? })
    }
}
