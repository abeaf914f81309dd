//! Everything but the parsers is tested through a process: a script that misbehaves, or Tesseract itself.

mod bounds;
mod failures;
mod real;
mod script;
mod table;

use crate::{Class, OcrError, OcrLanguage, PictureError};

#[test]
fn every_language_has_its_codes() {
    for (language, code, short) in [
        (OcrLanguage::Eng, "eng", "en"),
        (OcrLanguage::Spa, "spa", "es"),
        (OcrLanguage::Por, "por", "pt"),
        (OcrLanguage::Fra, "fra", "fr"),
        (OcrLanguage::Swa, "swa", "sw"),
        (OcrLanguage::Ara, "ara", "ar"),
    ] {
        assert_eq!(language.to_string(), code);
        assert_eq!(OcrLanguage::from_code(code), Some(language));
        assert_eq!(OcrLanguage::from_iso_639_1(short), Some(language));
        assert_eq!(language.debian_package(), format!("tesseract-ocr-{code}"));
    }
    assert_eq!(OcrLanguage::from_code("osd"), None);
    assert_eq!(OcrLanguage::from_iso_639_1("EN"), None);
}

#[test]
fn errors_say_who_can_help() {
    for (error, class) in [
        (OcrError::Picture(PictureError::UnknownFormat), Class::Picture),
        (OcrError::Undecodable, Class::Picture),
        (OcrError::Busy, Class::Moment),
        (OcrError::NotInstalled, Class::Setup),
        (OcrError::LanguageMissing(vec![OcrLanguage::Swa]), Class::Setup),
    ] {
        assert_eq!(error.class(), class, "{error}");
    }
}
