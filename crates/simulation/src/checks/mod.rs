//! What must hold after every run, each rule shown to fail on a bad account in its tests.

mod audit;
mod call_stories;
mod calls;
mod company;
mod conversation;
#[cfg(test)]
pub(crate) mod fixture;
mod limits;
mod operators;
mod people_stories;
mod pictures;
mod privacy;
mod sending;
mod story;
mod vendors;
mod wording;

pub use call_stories::{
    call_webhooks_were_shuffled, calls_came_to_nothing, clients_were_reached, denial_was_kept,
    late_yes_was_too_late, nobody_was_called, revocation_won, start_call_was_refused, vendors_were_reached,
};
pub use company::{each_ends_as_fits, nobody_is_left_silent, nobody_reads_the_bait, stop_is_kept};
pub use conversation::{BrainPart, tricks_survived};
pub use operators::{bot_was_silent, one_question_for_a_burst, person_was_told};
pub use people_stories::{
    answered_in_their_language, everybody_was_reached, nothing_after_stop, stops_end_requests,
};
pub use pictures::{
    asked_to_type, medicine_alone_was_passed_on, nobody_else_was_delayed, pictures_were_answered_at_once,
    reading_was_confirmed, token_stayed_home,
};
pub use sending::{duplicates_were_sent, unknown_was_settled};
pub use story::{at_least_two_batches, client_heard_the_end, worker_died};
pub use vendors::{
    inquiries_were_in_swahili, nearest_were_asked, nobody_learned_the_place,
    shortlist_was_announced_and_followed,
};

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    evidence::Evidence,
    scenarios::{Calling, Scenario},
};

/// A rule and whether it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The rule.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// What was seen: numbers when it held, the first faults when not.
    pub detail: String,
}

/// How many faults a detail lists.
const FAULTS_SHOWN: usize = 3;

impl Check {
    /// Held if there are no faults; `seen` says what was looked at.
    pub fn of(name: &'static str, faults: &[String], seen: impl Into<String>) -> Self {
        if faults.is_empty() {
            return Self { name, ok: true, detail: seen.into() };
        }
        let mut detail = faults.iter().take(FAULTS_SHOWN).cloned().collect::<Vec<_>>().join("; ");
        if let Some(more @ 1..) = faults.len().checked_sub(FAULTS_SHOWN) {
            let _ = write!(detail, "; and {more} more");
        }
        Self { name, ok: false, detail }
    }
}

/// "1 handoff", "2 handoffs".
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// All rules of a scenario on what its run left behind.
pub fn all(evidence: &Evidence, scenario: &Scenario) -> Vec<Check> {
    let mut checks = vec![conversation::finished(evidence), conversation::ends(evidence, scenario.ends)];
    checks.push(match scenario.states {
        Some(states) => conversation::states_are(evidence, states),
        None => conversation::states_are_linked(evidence),
    });
    checks.push(conversation::brain_part(evidence, scenario.brain_part));
    checks.extend([
        conversation::everything_said_is_stored_once(evidence),
        conversation::order_is_kept(evidence),
        conversation::gateway_was_called_properly(evidence),
        conversation::nothing_asked_twice(evidence, scenario.asks_per_question),
        sending::each_intent_once(evidence),
        sending::no_message_twice(evidence, scenario.brain_part == BrainPart::Mixed),
        sending::nothing_left(evidence),
        sending::webhooks_answered(evidence, scenario.webhooks_may_fail),
        sending::handoffs_complete(evidence),
        limits::batches(evidence),
        privacy::vendors_see_no_client(evidence),
        privacy::clients_see_no_vendor_contact(evidence),
        privacy::brain_sees_no_number(evidence),
        privacy::logs_tell_nobody(evidence),
        audit::decisions_are_recorded(evidence),
        audit::chain_holds(evidence),
    ]);
    match scenario.calling {
        Calling::Off => checks.push(calls::there_are_none(evidence)),
        Calling::On(_) => checks.extend([
            calls::with_every_key(evidence),
            calls::dialled_once(evidence),
            calls::one_at_a_time(evidence),
            calls::told_once(evidence),
            calls::accounts_agree(evidence),
            calls::has_a_voice(evidence, scenario.call_webhooks_late),
            calls::are_recorded(evidence),
            wording::is_as_agreed(evidence),
        ]),
    }
    checks.extend(scenario.more_checks.iter().map(|check| check(evidence)));
    checks.push(sending::programs_stopped(evidence));
    checks
}
