//! A client sends a medical prescription.

use super::{READ_FIRST, Scenario};
use crate::{
    checks::{medicine_alone_was_passed_on, pictures_were_answered_at_once},
    people::{catalogue::MEDICINE, pictures::Picture},
};

/// Marked by what was read. Vendors get the medicine that the client confirmed, and neither name nor direction; nobody is
/// called, or asked whether we may.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "prescription",
    about: "the picture is a prescription: vendors get the confirmed medicine alone, nobody is called, nobody is advised",
    speed: 30,
    ocr: true,
    pictures: |_| Some(Picture::Prescription),
    all_need: Some(&MEDICINE),
    states: Some(READ_FIRST),
    more_checks: &[pictures_were_answered_at_once, medicine_alone_was_passed_on],
    ..Scenario::ORDINARY
};
