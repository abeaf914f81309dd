//! Which triggers the stored facts support. A caller's trigger is a claim; this decides.

use marketplace::{RequestState, Timestamp};

use crate::{CallFacts, Callee, ConsentStatus, Party, Trigger, UrgencySource, VendorFacts, limits::SILENCE};

/// Whether a trigger holds, and if not, whether time alone would bring it about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Support {
    /// It holds.
    Holds,
    /// It will hold from this moment on if nobody writes meanwhile.
    From(Timestamp),
    /// Only an event can help.
    No,
}

/// Whether the facts support `trigger` at `now`. A trigger of the other party never holds.
pub fn support(facts: &CallFacts, trigger: Trigger, now: Timestamp) -> Support {
    match (trigger, &facts.callee) {
        (Trigger::UrgentNoReply, Callee::Vendor(_, vendor)) => urgent_no_reply(facts, vendor, now),
        (Trigger::AmbiguousReply, Callee::Vendor(_, vendor)) => holds(ambiguous_reply(facts, vendor)),
        (Trigger::ClientAsked, Callee::Client(_)) => holds(client_asked(facts)),
        (Trigger::RapidClarification, Callee::Client(_)) => rapid_clarification(facts, now),
        _ => Support::No,
    }
}

/// The triggers that hold at `now`, for a caller whose claim failed.
pub fn supported(facts: &CallFacts, now: Timestamp) -> Vec<Trigger> {
    use strum::IntoEnumIterator as _;
    Trigger::iter().filter(|trigger| support(facts, *trigger, now) == Support::Holds).collect()
}

const fn holds(it: bool) -> Support {
    if it { Support::Holds } else { Support::No }
}

fn is_urgent(facts: &CallFacts) -> bool {
    facts.request.urgency.is_some_and(UrgencySource::is_the_clients)
}

/// Nothing came since `accepted_at`, for at least [`SILENCE`]. Meta dates what people write to the second: a word of
/// the very second in which our message was accepted counts as an answer to it.
fn silence(accepted_at: Option<Timestamp>, wrote_at: Option<Timestamp>, now: Timestamp) -> Support {
    let Some(accepted_at) = accepted_at else { return Support::No };
    if wrote_at.is_some_and(|wrote| wrote.as_seconds() >= accepted_at.as_seconds()) {
        return Support::No;
    }
    let from = accepted_at + SILENCE;
    if now >= from { Support::Holds } else { Support::From(from) }
}

fn urgent_no_reply(facts: &CallFacts, vendor: &VendorFacts, now: Timestamp) -> Support {
    if !is_urgent(facts) {
        return Support::No;
    }
    silence(vendor.message_accepted_at, vendor.reply.map(|reply| reply.at), now)
}

fn ambiguous_reply(facts: &CallFacts, vendor: &VendorFacts) -> bool {
    vendor.reply.is_some_and(|reply| reply.confidence.is_ambiguous()) && client_is_waiting(facts)
}

/// Vendors are being asked, and nothing was shortlisted since the client last wrote. A shortlist of the same second
/// counts as an answer.
fn client_is_waiting(facts: &CallFacts) -> bool {
    let request = &facts.request;
    request.state == RequestState::Sourcing
        && request.client_wrote_at.is_some_and(|wrote| {
            request.shortlisted_at.is_none_or(|listed| listed.as_seconds() < wrote.as_seconds())
        })
}

/// "Call me" justifies one call: it is used up by a call since then that is live, was answered or may have rung.
fn client_asked(facts: &CallFacts) -> bool {
    let Some(asked_at) = facts.request.client_asked_call_at else { return false };
    let mut since = facts
        .to_callee()
        .filter(|past| past.request == facts.request.id)
        .filter(|past| past.attempt.created_at().as_seconds() >= asked_at.as_seconds());
    !since.any(|past| past.attempt.has_served())
}

fn rapid_clarification(facts: &CallFacts, now: Timestamp) -> Support {
    let opted_in = facts.authorisation.is_some_and(|consent| {
        consent.status(now) == ConsentStatus::Granted && consent.scope().covers(Party::Client)
    });
    if !opted_in || !is_urgent(facts) {
        return Support::No;
    }
    silence(facts.request.question_accepted_at, facts.request.client_wrote_at, now)
}
