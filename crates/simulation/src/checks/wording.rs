//! What is said about calls, word for word, and when.

use std::collections::BTreeMap;

use meta_simulator::{LogEvent, MessageKind, SendAttempt};

use super::{Check, counted};
use crate::{
    evidence::{Evidence, Sent},
    people::calls::CONSENT_BUTTON,
};

/// The question, on our buttons and on Meta's card (C6).
pub(super) const PROMPT: &str =
    "To speed this up, I can place a WhatsApp call. Do you allow a call for this request?";
/// After a YES (C9).
pub(super) const THANKS: &str = "Thanks. I may place a call if needed.";
/// After a NO (C9).
pub(super) const UNDERSTOOD: &str = "Understood. We'll continue by chat.";
/// After a call in vain (C10).
pub(super) const FALLBACK: &str = "Call didn't go through; continuing via chat.";

/// Each of them with the words that give it away.
const SENTENCES: [(&str, &str); 4] = [
    ("place a WhatsApp call", PROMPT),
    ("I may place a call", THANKS),
    ("continue by chat", UNDERSTOOD),
    ("Call didn't go", FALLBACK),
];

/// What somebody said to a question for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// When, simulated milliseconds since the epoch.
    pub(super) at_ms: i64,
    /// Its place in Meta's log.
    pub(super) seq: u64,
    /// Digits of the person.
    pub(super) digits: String,
    /// YES.
    pub(super) yes: bool,
    /// Our message that it names or quotes: its id on a button, Meta's on a card; `None` for a word or a change in the
    /// profile.
    pub(super) prompt: Option<String>,
    /// On Meta's card, in the profile, or by Meta itself: moves Meta's permission too.
    pub(super) by_meta: bool,
}

/// Everything that was said to questions for calls, in order.
pub(super) fn words(evidence: &Evidence) -> Vec<Word> {
    let mut asked: BTreeMap<&str, bool> = BTreeMap::new();
    let mut words = Vec::new();
    for entry in &evidence.meta {
        let word = |digits: &str, yes: bool, prompt: Option<String>, by_meta: bool| Word {
            at_ms: entry.at_ms,
            seq: entry.seq,
            digits: digits.to_owned(),
            yes,
            prompt,
            by_meta,
        };
        match &entry.event {
            LogEvent::Send(attempt) if asks(attempt) => {
                asked.insert(&attempt.digits, true);
            }
            LogEvent::Said(reply) => {
                let pressed = reply.button_id.as_deref().and_then(|id| id.strip_prefix(CONSENT_BUTTON));
                if let Some((prompt, answer)) = pressed.and_then(|rest| rest.rsplit_once(':')) {
                    words.push(word(&reply.digits, answer == "yes", Some(prompt.to_owned()), false));
                } else if asked.contains_key(reply.digits.as_str()) {
                    match reply.text.to_lowercase().as_str() {
                        "yes" => words.push(word(&reply.digits, true, None, false)),
                        "no" => words.push(word(&reply.digits, false, None, false)),
                        _ => {}
                    }
                }
            }
            LogEvent::Permission(change) => {
                words.push(word(&change.digits, change.response == "accept", change.context.clone(), true));
            }
            _ => {}
        }
    }
    words
}

/// Whether a message asks for a call: with our buttons, or as Meta's card.
pub(super) fn asks(attempt: &SendAttempt) -> bool {
    is_card(attempt) || attempt.buttons.iter().any(|button| button.id.starts_with(CONSENT_BUTTON))
}

/// Meta's card.
pub(super) fn is_card(attempt: &SendAttempt) -> bool {
    attempt.kind == Some(MessageKind::CallPermissionRequest)
}

/// Whether a text is one of the sentences about calls, each of which has rules of its own.
pub(super) fn is_about_calls(text: &str) -> bool {
    SENTENCES.iter().any(|(_, sentence)| *sentence == text)
}

/// How often a person was sent exactly this.
pub(super) fn times_sent(evidence: &Evidence, digits: &str, text: &str) -> usize {
    evidence.sent().filter(|sent| sent.attempt.digits == digits && sent.attempt.text == text).count()
}

/// Word for word as agreed; each thanks follows a YES of the same person, each "understood" a NO.
pub(super) fn is_as_agreed(evidence: &Evidence) -> Check {
    let words = words(evidence);
    let mut faults = Vec::new();
    let mut said = 0;
    for Sent { attempt, .. } in evidence.sent() {
        for (gives_away, sentence) in SENTENCES {
            if attempt.text.contains(gives_away) && attempt.text != sentence {
                faults.push(format!("“{}” is not as agreed", attempt.text));
            }
        }
        said += usize::from(is_about_calls(&attempt.text));
        if !asks(attempt) {
            continue;
        }
        if attempt.text != PROMPT {
            faults.push(format!("asked for a call with “{}”", attempt.text));
        }
        let titles: Vec<&str> = attempt.buttons.iter().map(|button| button.title.as_str()).collect();
        if !is_card(attempt) && titles != ["YES", "NO"] {
            faults.push(format!("a question for a call has the buttons {titles:?}"));
        }
    }
    let mut people: Vec<&str> = evidence.sent().map(|sent| sent.attempt.digits.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    for (sentence, yes) in [(THANKS, true), (UNDERSTOOD, false)] {
        for digits in &people {
            let sent = times_sent(evidence, digits, sentence);
            let answers = words.iter().filter(|word| word.digits == *digits && word.yes == yes).count();
            if sent > answers {
                faults.push(format!("“{sentence}” was said {sent}× after {answers} such answers"));
            }
        }
    }
    Check::of("calls are spoken of word for word", &faults, counted(said, "sentence"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixture::call_evidence;

    #[test]
    fn every_answer_is_read_with_the_question_it_names() {
        let run = call_evidence();
        let words = words(&run);
        let read: Vec<(bool, Option<&str>, bool)> =
            words.iter().map(|word| (word.yes, word.prompt.as_deref(), word.by_meta)).collect();
        assert_eq!(read, [(true, Some("msg_20"), false), (true, Some("wamid.card"), true)]);
    }

    #[test]
    fn other_words_and_unasked_thanks_are_found() {
        assert!(is_as_agreed(&call_evidence()).ok, "{:?}", is_as_agreed(&call_evidence()));
        let spoil = |change: fn(&mut SendAttempt)| {
            let mut bad = call_evidence();
            for entry in &mut bad.meta {
                if let LogEvent::Send(attempt) = &mut entry.event {
                    change(attempt);
                }
            }
            is_as_agreed(&bad)
        };
        let check = spoil(|attempt| {
            if asks(attempt) {
                attempt.text.push('!');
            }
        });
        assert!(
            check.detail.contains("not as agreed") && check.detail.contains("asked for a call"),
            "{check:?}"
        );
        let check = spoil(|attempt| {
            if let Some(button) = attempt.buttons.first_mut().filter(|button| button.title == "YES") {
                button.title = "OK".into();
            }
        });
        assert!(check.detail.contains("buttons"), "{check:?}");

        let mut unasked = call_evidence();
        unasked
            .meta
            .retain(|entry| !matches!(&entry.event, LogEvent::Said(reply) if reply.button_id.is_some()));
        assert!(is_as_agreed(&unasked).detail.contains("after 0 such answers"));
    }
}
