//! A client sends a receipt in place of words.

use super::{READ_FIRST, Scenario};
use crate::{
    checks::{pictures_were_answered_at_once, reading_was_confirmed},
    people::pictures::Picture,
};

/// Tesseract reads it, the client confirms what was read, and vendors get that.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "ocr-receipt",
    about: "the client sends a picture: Tesseract reads it, the client confirms it with YES, vendors get what it says",
    speed: 30,
    ocr: true,
    pictures: |_| Some(Picture::Receipt),
    states: Some(READ_FIRST),
    more_checks: &[pictures_were_answered_at_once, reading_was_confirmed],
    ..Scenario::ORDINARY
};
