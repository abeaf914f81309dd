//! Whether a turn wishes for a call. Pure, and only a wish: the tools and calling policy decide on the rows as they
//! are, in the plan's own transaction, and a refusal leaves the rest of the plan standing.

use conversation::{ControlWord, control_words};
use marketplace::RequestState;
use moltbot_contract::{CallTrigger, CallWish, ContextPack, Decision};

use crate::{
    ClientContent, Entry, Source, TurnEvent, Wish,
    next::{Next, Ruling},
    reading,
};

/// The reason of a wake after somebody allowed calls.
pub(crate) const CONSENT_GRANTED: &str = "consent_granted";
/// … after somebody did not, or no longer does.
pub(crate) const CONSENT_DENIED: &str = "consent_denied";
/// … after a call came to its end.
pub(crate) const CALL_ENDED: &str = "call_ended";
/// … after somebody who was written to has not answered for a while.
pub(crate) const SILENCE: &str = "silence";

/// Whether a wake is about calls: what it brings is a step of calling, seldom something to say.
pub(crate) fn is_about_calls(reason: &str) -> bool {
    matches!(reason, CONSENT_GRANTED | CONSENT_DENIED | CALL_ENDED | SILENCE)
}

/// Whether a wish can come to anything for this request.
pub(crate) fn is_possible(pack: &ContextPack) -> bool {
    pack.policies.calling.enabled && !pack.request.prescription
}

/// Whether the client asks for a call in this turn and does not take it back.
pub(crate) fn is_asked_for(entries: &[Entry]) -> bool {
    reading::readable(entries).map(control_words::recognise).fold(false, |asked, word| match word {
        Some(ControlWord::CallMe) => true,
        Some(ControlWord::No | ControlWord::Cancel) => false,
        _ => asked,
    })
}

/// Whether a call is all that this turn is about. The first message of all opens the conversation too, and what a
/// batch or a picture brought is told all the same.
pub(crate) fn is_all_there_is(pack: &ContextPack, entries: &[Entry]) -> bool {
    let woken = reading::is_woken(entries);
    let more = match pack.request.state {
        RequestState::New => true,
        RequestState::Sourcing => {
            reading::has_untold_result(pack) || (woken && reading::running_batch(pack).is_none())
        }
        RequestState::OcrProcessing => reading::has_untold_result(pack) || woken,
        _ => false,
    };
    !more && is_all_that_is_asked_for(entries)
}

/// Whether the client sent nothing in this turn but that.
fn is_all_that_is_asked_for(entries: &[Entry]) -> bool {
    let only = |content: &ClientContent| match content {
        ClientContent::Text(text) => text.trim().is_empty() || asks(text),
        ClientContent::Button { .. }
        | ClientContent::Document
        | ClientContent::CaptionedDocument(_)
        | ClientContent::UnreadableMedia => false,
        ClientContent::Location | ClientContent::Other => true,
    };
    is_asked_for(entries) && reading::client_contents(entries).all(only)
}

fn asks(text: &str) -> bool {
    control_words::recognise(text) == Some(ControlWord::CallMe)
}

/// The wish that goes with a ruling.
///
/// The client's own "call me" is honoured whoever decides the rest: nobody has to think about that. Beyond it
/// Moltbot's wish counts where Moltbot decided; else fixed rules go on with calls where a wake is about them. They
/// name the reasons they would call for, and the stored facts say which of them holds.
pub(crate) fn wish(ruling: &Ruling, pack: &ContextPack, entries: &[Entry]) -> Option<Wish> {
    use CallTrigger::{AmbiguousReply, ClientAsked, RapidClarification, UrgentNoReply};
    let over = match &ruling.next {
        Next::HandOff(_) | Next::Close | Next::Decision(Decision::Escalate(_)) => true,
        Next::Decision(_) | Next::ReadDocuments(_) | Next::Nothing => false,
    };
    if over || !is_possible(pack) || !is_at_work(pack.request.state) {
        return None;
    }
    if is_asked_for(entries) {
        return Some(Wish::ClientAsks);
    }
    let by_moltbot = ruling.record.source == Source::Moltbot;
    if let Next::Decision(Decision::VendorOutreachPlan(plan)) = &ruling.next
        && plan.calling.wish != CallWish::None
    {
        return Some(Wish::Moltbots(plan.calling));
    }
    let woken = |wanted: &str| {
        entries.iter().any(|entry| matches!(&entry.event, TurnEvent::Wake { reason } if reason == wanted))
    };
    let triggers = match (woken(CONSENT_GRANTED), by_moltbot) {
        // What the client asked for goes on, whatever Moltbot thinks of.
        (true, true) => vec![ClientAsked],
        (true, false) => vec![ClientAsked, UrgentNoReply, AmbiguousReply, RapidClarification],
        (false, false) if woken(SILENCE) => vec![UrgentNoReply, AmbiguousReply, RapidClarification],
        (false, _) => return None,
    };
    Some(Wish::Supported(triggers))
}

/// In the other states the bot neither asks nor calls.
const fn is_at_work(state: RequestState) -> bool {
    state.is_open() && !state.needs_person()
}

#[cfg(test)]
#[path = "calling_tests.rs"]
mod tests;
