//! The stories that can be played. Adding one: a file with a `pub(super) static SCENARIO`, and its line in [`ALL`].

mod brain_down;
mod brain_hostile;
mod burst;
mod call_client_asked;
mod call_fails_fallback;
mod call_vendor_urgent;
mod call_without_consent;
mod calling;
mod consent_denied;
mod consent_expired;
mod duplicate_webhooks;
mod escalation;
mod events_out_of_order;
mod happy_path;
mod identity;
mod languages;
pub mod mixed_company;
mod model_server;
mod ocr_blurred;
mod ocr_hostile;
mod ocr_receipt;
mod opt_out;
mod prescription;
mod prompt_injection;
mod revoked_while_dialling;
mod send_unknown;
mod takeover;
mod two_batches;
mod vendors_near;
mod vendors_silent;
mod window_closed;
mod worker_killed;

use std::time::Duration;

pub use calling::{Calling, Calls};
pub use vendors_near::OF_BOTH;

use meta_simulator::FaultPlan;

use crate::{
    checks::{BrainPart, Check},
    clock::SimulationClock,
    evidence::Evidence,
    gateway::{Manners, decide::Plan},
    operator::Operating,
    people::{Cast, Character, Listing, Temper, Vendor, catalogue::Need, pictures::Picture, ways::Way},
};

/// Every scenario, in the order in which `--scenario all` plays them.
pub static ALL: [&Scenario; 31] = [
    &happy_path::SCENARIO,
    &model_server::SCENARIO,
    &brain_down::SCENARIO,
    &brain_hostile::SCENARIO,
    &duplicate_webhooks::SCENARIO,
    &worker_killed::SCENARIO,
    &vendors_silent::SCENARIO,
    &two_batches::SCENARIO,
    &send_unknown::SCENARIO,
    &mixed_company::SCENARIO,
    &prompt_injection::SCENARIO,
    &call_vendor_urgent::SCENARIO,
    &call_client_asked::SCENARIO,
    &call_without_consent::SCENARIO,
    &consent_denied::SCENARIO,
    &consent_expired::SCENARIO,
    &call_fails_fallback::SCENARIO,
    &revoked_while_dialling::SCENARIO,
    &events_out_of_order::SCENARIO,
    &takeover::SCENARIO,
    &escalation::SCENARIO,
    &burst::SCENARIO,
    &window_closed::SCENARIO,
    &vendors_near::SCENARIO,
    &opt_out::SCENARIO,
    &languages::SCENARIO,
    &identity::SCENARIO,
    &ocr_receipt::SCENARIO,
    &ocr_blurred::SCENARIO,
    &ocr_hostile::SCENARIO,
    &prescription::SCENARIO,
];

/// The scenario of this name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.into_iter().find(|scenario| scenario.name == name)
}

/// A story: who behaves how, what goes wrong, and what must come of it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line for `--list`.
    pub about: &'static str,
    /// Requests when none are asked for.
    pub requests: usize,
    /// Simulated seconds in a real one. Leases and deadlines of HTTP run in real time.
    pub speed: u32,
    /// Workers that share the database.
    pub workers: usize,
    /// Vendors for each need.
    pub vendors_per_category: usize,
    /// How the brain behaves.
    pub manners: Manners,
    /// Whether the brain is asked as an OpenAI-compatible model server instead of a gateway.
    pub model_server: bool,
    /// The numbers the brain plans with.
    pub plan: Plan,
    /// How long the brain may take, real milliseconds.
    pub moltbot_timeout_ms: u32,
    /// Who the n-th client is to talk to, counted from 0.
    pub character: fn(usize) -> Character,
    /// So long nothing happens at Meta before a run may be over, real time: longer than an answer that hangs.
    pub quiet_for: Duration,
    /// How the n-th vendor of a category that is written to answers, counted from 0.
    pub temper: fn(usize) -> Temper,
    /// What the directory says of a vendor beside name, number and need.
    pub listing: fn(&Cast, &Vendor) -> Listing,
    /// First messages that one vendor gets in 24 hours; `None`: as the product is delivered.
    pub inquiries_per_day_max: Option<u32>,
    /// Where the client says they are, in place of an answer to the first question; degrees north and east.
    pub client_shares: Option<(f64, f64)>,
    /// The languages of the template catalogue beside English.
    pub templates_in: &'static [&'static str],
    /// What is particular about the n-th client, counted from 0.
    pub way: fn(usize) -> Way,
    /// How many numbers the business has, 1 or 2.
    pub numbers: usize,
    /// What every client needs; `None`: one thing after the other.
    pub all_need: Option<&'static Need>,
    /// Calls.
    pub calling: Calling,
    /// Whether pictures are read; then Tesseract must be installed.
    pub ocr: bool,
    /// What the n-th client, counted from 0, sends first in place of words.
    pub pictures: fn(usize) -> Option<Picture>,
    /// The hour, 0 to 23, at which the story begins where the cast lives. `None`: at the machine's time.
    pub begins_at: Option<u8>,
    /// What a person who operates does; then the workers have a webhook to tell them.
    pub operating: Option<Operating>,
    /// Vendors of each category that are known from the beginning; `None`: all. A person may import the others.
    pub known_vendors: Option<usize>,
    /// In how many messages a client says what is needed. With more than one the client says nothing more.
    pub fragments: usize,
    /// What goes wrong at Meta.
    pub faults: fn(&Cast) -> FaultPlan,
    /// Whether what Meta reports of calls may come when they are over.
    pub call_webhooks_late: bool,
    /// How often a worker is killed.
    pub kills: u32,
    /// After so much silence a client writes again. `None`: clients are patient.
    pub nudge_after: Option<Duration>,
    /// Real time for one request, and for all when there are many.
    pub patience: Duration,
    /// The states in which a request may end.
    pub ends: &'static [&'static str],
    /// The exact way through the states, where there is only one.
    pub states: Option<&'static [&'static str]>,
    /// The brain's part.
    pub brain_part: BrainPart,
    /// How often the same question may be asked: once, and once more after a crash.
    pub asks_per_question: usize,
    /// Whether webhooks may be answered with something else than 200.
    pub webhooks_may_fail: bool,
    /// Rules of this story alone.
    pub more_checks: &'static [fn(&Evidence) -> Check],
}

/// The way from the first message to the handoff.
pub const WHOLE_WAY: &[&str] = &["new", "clarifying", "sourcing", "shortlisted", "handed_off"];

impl Scenario {
    /// An ordinary day: a sensible brain, vendors with offers, nothing goes wrong. Stories change parts of it.
    pub const ORDINARY: Self = Self {
        name: "",
        about: "",
        requests: 1,
        speed: 60,
        workers: 1,
        vendors_per_category: 8,
        manners: Manners::Sensible,
        model_server: false,
        plan: Plan::ORDINARY,
        moltbot_timeout_ms: 10_000,
        character: |_| Character::Plain,
        quiet_for: Duration::from_millis(1_500),
        temper: mostly_offers,
        listing: Listing::ordinary,
        inquiries_per_day_max: None,
        client_shares: None,
        templates_in: &[],
        way: |_| Way::Ordinary,
        numbers: 1,
        all_need: None,
        calling: Calling::Off,
        ocr: false,
        pictures: |_| None,
        begins_at: None,
        operating: None,
        known_vendors: None,
        fragments: 1,
        faults: no_faults,
        call_webhooks_late: false,
        kills: 0,
        nudge_after: None,
        patience: Duration::from_secs(90),
        ends: &["handed_off"],
        states: None,
        brain_part: BrainPart::Decides,
        asks_per_question: 1,
        webhooks_may_fail: false,
        more_checks: &[],
    };

    /// A day on which somebody may be called: it begins in the morning, so that no night falls into the story, and
    /// vendors answer once they were called. Slow enough for what Meta and the voice gateway answer in real time.
    const CALLS: Self = Self {
        speed: 20,
        temper: |_| Temper::SpeaksWhenCalled,
        plan: Plan { offers_wanted: 1, ..Plan::ORDINARY },
        calling: Calling::On(Calls::WILLING),
        begins_at: Some(10),
        states: Some(WHOLE_WAY),
        ..Self::ORDINARY
    };

    /// The clock of a run of this story.
    pub fn clock(&self, requests: usize) -> SimulationClock {
        let speed = self.speed_for(requests);
        match self.begins_at {
            Some(hour) => SimulationClock::starting_at_hour(hour, speed),
            None => SimulationClock::starting_now(speed),
        }
    }

    /// Fewer simulated seconds in a real one when many conversations share the machine, so that deadlines
    /// still mean what they say.
    pub fn speed_for(&self, requests: usize) -> u32 {
        if requests > 10 { self.speed.div_ceil(4) } else { self.speed }
    }

    /// Real time until a run counts as stuck.
    pub fn patience_for(&self, requests: usize) -> Duration {
        let further = u32::try_from(requests.saturating_sub(1)).unwrap_or(u32::MAX);
        self.patience + Duration::from_secs(3) * further
    }
}

/// The way of a request that begins with a picture.
const READ_FIRST: &[&str] = &["new", "ocr_processing", "clarifying", "sourcing", "shortlisted", "handed_off"];

/// Four offers and one "out of stock" among each five.
pub fn mostly_offers(nth: usize) -> Temper {
    if nth % 5 == 3 { Temper::SoldOut } else { Temper::Offers }
}

fn no_faults(_: &Cast) -> FaultPlan {
    FaultPlan::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for scenario in ALL {
            assert!(std::ptr::eq(find(scenario.name).unwrap(), scenario), "{}", scenario.name);
            assert!(!scenario.about.is_empty() && (1..=1_000).contains(&scenario.speed));
        }
        assert!(find("nothing").is_none());
    }
}
