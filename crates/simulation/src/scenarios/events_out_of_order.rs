//! The webhooks of calls come in any order, twice, in odd shapes, or never.

use meta_simulator::{FaultPlan, Oddity, Target, WebhookFault, WebhookKind};

use super::{Calling, Calls, Scenario, calling::kind_of};
use crate::{
    checks::call_webhooks_were_shuffled,
    people::{Cast, calls::Phone},
};

/// How late, milliseconds of the simulated clock: after everything that a call brings about.
const LATE_MS: i64 = 150_000;

/// `terminate` before `connect`, RINGING when all is over, everything twice; one call is answered, one declined, one
/// left to ring.
pub(super) static SCENARIO: Scenario = Scenario {
    name: "events-out-of-order",
    about: "webhooks of calls come late, twice, swapped and in odd shapes: each call ends as it ended, once",
    requests: 3,
    calling: Calling::On(Calls {
        vendor: |cast, vendor| match kind_of(cast, vendor, 3) {
            0 => Phone::WILLING,
            1 => Phone::DECLINES,
            _ => Phone::LETS_RING,
        },
        ..Calls::WILLING
    }),
    faults: shuffled,
    call_webhooks_late: true,
    more_checks: &[call_webhooks_were_shuffled],
    ..Scenario::CALLS
};

fn shuffled(cast: &Cast) -> FaultPlan {
    let of = |kind| Target::all().kind(kind);
    let late = WebhookFault::Postpone { clock_ms: LATE_MS };
    let twice = |concurrent| WebhookFault::Duplicate { copies: 1, concurrent };
    // RINGING, the first of each call, comes when all is over; ACCEPTED and REJECTED may overtake the end.
    let ringing = cast.vendors.iter().map(|vendor| of(WebhookKind::CallStatus).phone(&vendor.phone).nth(1));
    ringing
        .fold(FaultPlan::default(), |plan, ringing| plan.webhook(ringing, late))
        .webhook(of(WebhookKind::CallConnect), late)
        .webhook(of(WebhookKind::CallConnect), twice(true))
        .webhook(of(WebhookKind::CallConnect), WebhookFault::Odd(Oddity::ActpassAnswer))
        .webhook(of(WebhookKind::CallStatus), twice(false))
        .webhook(of(WebhookKind::CallStatus), WebhookFault::Odd(Oddity::StatusArray))
        .webhook(of(WebhookKind::CallStatus), WebhookFault::Reorder { window_ms: 400 })
        .webhook(of(WebhookKind::CallEnd), twice(true))
        .webhook(of(WebhookKind::CallEnd), WebhookFault::Odd(Oddity::MixedCaseStatus))
        .webhook(of(WebhookKind::CallEnd), WebhookFault::Odd(Oddity::SwapFromTo))
}
