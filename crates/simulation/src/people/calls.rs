//! What people do with calls and with questions for them.

use std::time::Duration;

use meta_simulator::{MessageKind, OnCall, OnCard, Said};

use super::{Act, Received};

/// What a button that answers a question for consent is called before its answer.
pub const CONSENT_BUTTON: &str = "consent:";

/// How long somebody thinks about a question for consent.
const THINKS: Duration = Duration::from_secs(20);

/// How somebody answers YES and NO buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPrompt {
    /// Presses YES.
    Yes,
    /// Presses NO.
    No,
    /// Does not answer it.
    Ignores,
    /// Writes the word instead of pressing.
    Writes(&'static str),
    /// Presses YES after so long, and does and says nothing at all before.
    YesAfter(Duration),
}

/// What a client does about calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientCalls {
    /// Says in the first message that it is urgent.
    pub is_urgent: bool,
    /// Writes "call me" so long after the answer to the first question.
    pub asks_after: Option<Duration>,
    /// Answers a question for consent so.
    pub on_prompt: OnPrompt,
    /// The habits of the client's phone.
    pub phone: Phone,
}

impl ClientCalls {
    /// Somebody in a hurry who allows every call.
    pub const WILLING: Self =
        Self { is_urgent: true, asks_after: None, on_prompt: OnPrompt::Yes, phone: Phone::WILLING };
}

/// What somebody does when it rings, and with Meta's card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phone {
    /// When called.
    pub on_call: OnCall,
    /// When asked by card.
    pub on_card: OnCard,
}

impl Phone {
    /// Accepts the card for a week, picks up, and talks for two minutes: seconds of real time, even in a fast story.
    pub const WILLING: Self = Self {
        on_call: OnCall::Answer { after_ms: 8_000, talk_ms: 120_000 },
        on_card: OnCard::Accept { after_ms: 20_000, for_good: false },
    };
    /// Accepts the card, but declines the call.
    pub const DECLINES: Self = Self { on_call: OnCall::Decline { after_ms: 9_000 }, ..Self::WILLING };
    /// Accepts the card, but lets it ring.
    pub const LETS_RING: Self = Self { on_call: OnCall::LetRing, ..Self::WILLING };
}

/// Whether the message asks for consent with buttons.
pub fn is_prompt(message: &Received<'_>) -> bool {
    message.buttons.iter().any(|button| button.id.starts_with(CONSENT_BUTTON))
}

/// Whether the message is Meta's card, which is answered in the card.
pub fn is_card(message: &Received<'_>) -> bool {
    message.kind == Some(MessageKind::CallPermissionRequest)
}

/// The reaction to a question for consent.
pub fn answer_prompt(message: Received<'_>, habit: OnPrompt) -> Option<Act> {
    let button = |ending: &str| {
        let mut fitting = message.buttons.iter().filter(|button| button.id.ends_with(ending));
        fitting.next().cloned().map(Said::Tap)
    };
    let quoting = Some(message.wamid.to_owned());
    match habit {
        OnPrompt::Yes => Some(Act { after: THINKS, said: button(":yes")?, quoting }),
        OnPrompt::Ignores => None,
        OnPrompt::No => Some(Act { after: THINKS, said: button(":no")?, quoting }),
        OnPrompt::YesAfter(after) => Some(Act { after, said: button(":yes")?, quoting }),
        OnPrompt::Writes(word) => {
            Some(Act { after: THINKS, said: Said::Text(word.to_owned()), quoting: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meta_simulator::Button;

    fn buttons() -> Vec<Button> {
        let button =
            |answer: &str| Button { id: format!("consent:msg_1:{answer}"), title: answer.to_uppercase() };
        vec![button("yes"), button("no")]
    }

    fn said(habit: OnPrompt) -> (Said, Option<String>) {
        let buttons = buttons();
        let message = Received {
            wamid: "wamid.1",
            text: "May I?",
            buttons: &buttons,
            kind: Some(MessageKind::Buttons),
        };
        assert!(is_prompt(&message));
        let act = answer_prompt(message, habit).unwrap();
        (act.said, act.quoting)
    }

    #[test]
    fn a_prompt_is_answered_by_its_buttons_or_in_words() {
        let quoted = Some("wamid.1".to_owned());
        assert_eq!(said(OnPrompt::Yes), (Said::Tap(buttons()[0].clone()), quoted.clone()));
        assert_eq!(said(OnPrompt::No), (Said::Tap(buttons()[1].clone()), quoted.clone()));
        let late = OnPrompt::YesAfter(Duration::from_hours(25));
        assert_eq!(said(late), (Said::Tap(buttons()[0].clone()), quoted));
        assert_eq!(said(OnPrompt::Writes("yes")), (Said::Text("yes".into()), None));
    }

    #[test]
    fn other_buttons_are_no_prompt() {
        let pick = [Button { id: "pick:v1".into(), title: "Acacia".into() }];
        let message = Received {
            wamid: "wamid.1",
            text: "Which one?",
            buttons: &pick,
            kind: Some(MessageKind::Buttons),
        };
        assert!(!is_prompt(&message));
        assert_eq!(answer_prompt(message, OnPrompt::Yes), None);
    }
}
