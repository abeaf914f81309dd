//! A client sends a picture that nobody can read.

use super::{READ_FIRST, Scenario};
use crate::{
    checks::{asked_to_type, pictures_were_answered_at_once},
    people::pictures::Picture,
};

/// Nothing is guessed: the client is asked to type it, and the request goes its way.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "ocr-blurred",
    about: "the picture cannot be read: nothing is guessed, the client types it, and everything ends well",
    speed: 30,
    ocr: true,
    pictures: |_| Some(Picture::Blurred),
    states: Some(READ_FIRST),
    more_checks: &[pictures_were_answered_at_once, asked_to_type],
    ..Scenario::ORDINARY
};
