//! All sorts of clients and shops, and a brain that is sensible, hostile, obedient or away.

use std::time::Duration;

use super::Scenario;
use crate::{
    checks::{BrainPart, each_ends_as_fits, nobody_is_left_silent, nobody_reads_the_bait, stop_is_kept},
    gateway::{Manners, decide::Plan},
    people::{Character, Temper},
};

/// Each conversation ends in a state that fits its client, and none is left silent.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "mixed-company",
    about: "silent, rude, confused and malicious people in several languages, and a brain of every kind: each \
            conversation ends as it should, none is left silent",
    requests: 8,
    speed: 120,
    manners: Manners::Mixed,
    plan: Plan { deadline_minutes: 15, ..Plan::ORDINARY },
    moltbot_timeout_ms: 1_500,
    character,
    quiet_for: Duration::from_millis(3_500),
    temper: all_sorts,
    patience: Duration::from_secs(120),
    ends: &["clarifying", "shortlisted", "handed_off", "escalated", "closed"],
    brain_part: BrainPart::Mixed,
    more_checks: &[each_ends_as_fits, nobody_is_left_silent, stop_is_kept, nobody_reads_the_bait],
    ..Scenario::ORDINARY
};

/// Who the n-th client is. The period is no multiple of the brain's four ways, so that everybody meets each of them.
pub fn character(nth: usize) -> Character {
    const CHARACTERS: [Character; 17] = [
        Character::Attacking,
        Character::Rude,
        Character::Silent,
        Character::Rambling,
        Character::Malicious,
        Character::MixesLanguages,
        Character::Stops,
        Character::BeginsWithPicture,
        Character::OnlyAsks,
        Character::ChangesMind,
        Character::Cancels,
        Character::Wordless,
        Character::Grateful,
        Character::Longwinded,
        Character::WantsPerson,
        Character::Plain,
        Character::Malicious,
    ];
    CHARACTERS.get(nth % CHARACTERS.len()).copied().unwrap_or_default()
}

/// Four offers among the first five, each in another manner.
fn all_sorts(nth: usize) -> Temper {
    match nth % 8 {
        0 => Temper::Injects,
        1 => Temper::Offers,
        2 => Temper::Rude,
        3 => Temper::Ambiguous,
        4 => Temper::Misquotes,
        5 => Temper::OffersAfter(Duration::from_mins(10)),
        6 => Temper::Silent,
        _ => Temper::SoldOut,
    }
}
