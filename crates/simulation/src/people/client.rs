//! A client: says what is needed, answers a question, picks an offer.

use std::time::Duration;

use meta_simulator::Said;

use super::{
    Act, Received,
    calls::{ClientCalls, OnPrompt, answer_prompt, is_card, is_prompt},
    catalogue::Need,
    character::{Answer, Character},
};

/// Who the client is.
#[derive(Debug, Clone)]
pub struct Client {
    /// Profile name.
    pub name: String,
    /// With `+`.
    pub phone: String,
    /// What the client is looking for.
    pub need: &'static Need,
}

/// Where the client stands in the conversation.
#[derive(Debug, Clone)]
pub struct ClientScript {
    client: Client,
    need: &'static Need,
    character: Character,
    /// Questions heard so far.
    questions: usize,
    has_added: bool,
    has_thanked: bool,
    /// Picks by tapping, or else by writing the number.
    taps: bool,
    calls: Option<ClientCalls>,
    answers_given: usize,
    asked_for_call: bool,
    picked: bool,
}

/// What this client answers to questions about anything else, by a word of the question.
const SMALL_ANSWERS: [(&str, &str); 3] =
    [("area", "Westlands, Nairobi"), ("When ", "Tomorrow is fine"), ("looking for", "As I wrote above")];

/// After that there is nothing more to say; a client still answers what is asked.
const FURTHER_ANSWERS: [&str; 3] =
    ["That is all I know", "I don't know more than that", "Please just ask around"];

impl ClientScript {
    /// A client before the first word. With `calls` the client has something to do with calls, too.
    pub fn new(client: &Client, taps: bool, calls: Option<ClientCalls>) -> Self {
        Self {
            client: client.clone(),
            need: client.need,
            character: Character::Plain,
            questions: 0,
            has_added: false,
            has_thanked: false,
            taps,
            calls,
            answers_given: 0,
            asked_for_call: false,
            picked: false,
        }
    }

    /// The same client with another character.
    #[must_use]
    pub fn with(self, character: Character) -> Self {
        Self { character, ..self }
    }

    /// The first message.
    pub fn opening(&self) -> Said {
        if self.character != Character::Plain {
            return self.character.opening(&self.client);
        }
        let opening = self.need.opening;
        let is_urgent = self.calls.is_some_and(|calls| calls.is_urgent);
        Said::Text(if is_urgent { format!("{opening}. {URGENT}") } else { opening.to_owned() })
    }

    /// What the client says beside the answer to a question: "call me", or something else, once, after the first answer.
    pub fn also_says(&mut self) -> Option<Act> {
        if self.answers_given == 1
            && !std::mem::replace(&mut self.has_added, true)
            && let Some(said) = self.character.adds(self.need)
        {
            return Some(Act { after: Duration::from_secs(70), said, quoting: None });
        }
        let after = self.calls?.asks_after.filter(|_| self.answers_given == 1 && !self.asked_for_call)?;
        self.asked_for_call = true;
        Some(Act { after, said: Said::Text(CALL_ME.to_owned()), quoting: None })
    }

    /// The reaction to a message, if there is one.
    pub fn react(&mut self, message: Received<'_>) -> Option<Act> {
        // A question for consent is no question about the need, and Meta's card is answered in the card.
        if is_card(&message) {
            return None;
        }
        if is_prompt(&message) {
            return answer_prompt(message, self.calls?.on_prompt);
        }
        if let Some(button) = message.buttons.iter().find(|button| button.id.starts_with("pick:")) {
            return self.pick(message, Said::Tap(button.clone()));
        }
        if is_numbered_list(message.text) {
            return self.pick(message, Said::Text("1".to_owned()));
        }
        if self.picked
            && self.character == Character::Grateful
            && !std::mem::replace(&mut self.has_thanked, true)
        {
            return Some(Act {
                after: Duration::from_secs(30),
                said: Said::Text("Thanks a lot!".to_owned()),
                quoting: None,
            });
        }
        if asks(message.text) {
            return self.answer(message.text);
        }
        None
    }

    fn pick(&mut self, message: Received<'_>, tap: Said) -> Option<Act> {
        if !self.character.picks() {
            return self.answer(message.text);
        }
        if self.picked {
            return None;
        }
        self.picked = true;
        // Who was away for long answers first what was asked first.
        let away = match self.calls.map(|calls| calls.on_prompt) {
            Some(OnPrompt::YesAfter(after)) => after,
            _ => Duration::ZERO,
        };
        let after = away + Duration::from_secs(40);
        let act = if self.taps {
            Act { after, said: tap, quoting: Some(message.wamid.to_owned()) }
        } else {
            Act { after, said: Said::Text("1".to_owned()), quoting: None }
        };
        Some(act)
    }

    fn answer(&mut self, question: &str) -> Option<Act> {
        let nth = self.questions;
        self.questions += 1;
        match self.character.answer(nth, &self.client) {
            Answer::Nothing => return None,
            Answer::Says(said) => {
                self.answers_given += 1;
                return Some(Act { after: Duration::from_secs(25), said, quoting: None });
            }
            Answer::AsEverybody => {}
        }
        let small = SMALL_ANSWERS.iter().find(|(word, _)| question.contains(word)).map(|(_, answer)| *answer);
        let answer = match (small, self.answers_given.checked_sub(1)) {
            (Some(answer), _) => answer,
            (None, None) => self.need.answer,
            (None, Some(further)) => FURTHER_ANSWERS.get(further)?,
        };
        self.answers_given += usize::from(small.is_none());
        Some(Act { after: Duration::from_secs(25), said: Said::Text(answer.to_owned()), quoting: None })
    }
}

/// What somebody in a hurry adds.
const URGENT: &str = "It is urgent!";
/// What somebody writes who wants to talk.
const CALL_ME: &str = "Call me";

/// A question, or a demand: "Please type …", "Please tell me …". A reminder to pick is none: the pick is under way.
fn asks(text: &str) -> bool {
    text.contains('?') || ["Please type", "Please tell"].iter().any(|demand| text.contains(demand))
}

/// "1. …" and "2. …" at the beginning of lines, or one offer alone.
fn is_numbered_list(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches(['*', ' ']);
        line.starts_with("1.") || line.starts_with("1)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::catalogue::NEEDS;
    use meta_simulator::{Button, MessageKind};

    fn script(taps: bool) -> ClientScript {
        let client = Client { name: "Amina".into(), phone: "+254711000000".into(), need: &NEEDS[0] };
        ClientScript::new(&client, taps, None)
    }

    fn received<'a>(text: &'a str, buttons: &'a [Button]) -> Received<'a> {
        Received { wamid: "wamid.1", kind: Some(MessageKind::Buttons), text, buttons }
    }

    fn caller(calls: ClientCalls) -> ClientScript {
        ClientScript { calls: Some(calls), ..script(true) }
    }

    #[test]
    fn a_question_for_consent_is_no_question_about_the_need() {
        let yes = Button { id: "consent:msg_1:yes".into(), title: "YES".into() };
        let prompt = received("Do you allow a call for this request?", std::slice::from_ref(&yes));
        assert_eq!(script(true).react(prompt), None, "who has nothing to do with calls does not answer");
        let mut willing = caller(ClientCalls::WILLING);
        assert_eq!(willing.react(prompt).unwrap().said, Said::Tap(yes.clone()));
        assert_eq!(willing.answers_given, 0);
        let card = Received { kind: Some(MessageKind::CallPermissionRequest), buttons: &[], ..prompt };
        assert_eq!(willing.react(card), None);
    }

    #[test]
    fn urgency_stands_in_the_first_message_and_call_me_follows_the_first_answer() {
        let mut asks = ClientCalls { asks_after: Some(Duration::from_mins(1)), ..ClientCalls::WILLING };
        let mut client = caller(asks);
        assert!(matches!(client.opening(), Said::Text(text) if text.ends_with("It is urgent!")));
        assert_eq!(client.also_says(), None);
        client.react(received("Which one?", &[]));
        assert_eq!(client.also_says().unwrap().said, Said::Text("Call me".into()));
        assert_eq!(client.also_says(), None, "once");
        client.react(received("Which other one?", &[]));
        assert_eq!(client.also_says(), None);
        asks.is_urgent = false;
        assert_eq!(caller(asks).opening(), script(true).opening());
    }

    #[test]
    fn who_is_away_answers_the_prompt_before_picking() {
        let late = OnPrompt::YesAfter(Duration::from_hours(25));
        let mut away = caller(ClientCalls { on_prompt: late, ..ClientCalls::WILLING });
        let yes = Button { id: "consent:msg_1:yes".into(), title: "YES".into() };
        let pick = Button { id: "pick:v1".into(), title: "Acacia".into() };
        let answered = away.react(received("A call?", std::slice::from_ref(&yes))).unwrap().after;
        let picked = away.react(received("Which one?", std::slice::from_ref(&pick))).unwrap().after;
        assert!(picked > answered, "{picked:?} {answered:?}");
    }

    #[test]
    fn answers_questions_and_ignores_statements() {
        let mut client = script(true);
        assert_eq!(client.react(received("I am asking the shops now.", &[])), None);
        let said: Vec<Said> = std::iter::repeat_with(|| client.react(received("Which one?", &[])))
            .take(6)
            .flatten()
            .map(|act| act.said)
            .collect();
        assert_eq!(said.len(), 4);
        assert_eq!(said[0], Said::Text(NEEDS[0].answer.to_owned()));
    }

    #[test]
    fn a_demand_is_a_question_too() {
        for demand in [
            "Please type the medicine's name, strength and quantity.",
            "Please tell me a little more: what exactly, and how many.",
        ] {
            assert!(script(true).react(received(demand, &[])).is_some(), "{demand}");
        }
        assert_eq!(script(true).react(received("Please wait a moment.", &[])), None);
    }

    #[test]
    fn a_question_about_the_place_is_answered_with_a_place() {
        let act = script(true).react(received("Which area or town are you in?", &[])).unwrap();
        assert_eq!(act.said, Said::Text("Westlands, Nairobi".into()));
    }

    #[test]
    fn picks_once_by_button_or_by_number() {
        let button = Button { id: "pick:v1".into(), title: "Acacia".into() };
        let offer = received("Which one shall I connect you with?", std::slice::from_ref(&button));
        let mut taps = script(true);
        assert_eq!(taps.react(offer).unwrap().said, Said::Tap(button.clone()));
        assert_eq!(taps.react(offer), None);
        assert_eq!(script(false).react(offer).unwrap().said, Said::Text("1".into()));
        assert_eq!(
            script(true).react(received("1. Acacia\n2. Baobab", &[])).unwrap().said,
            Said::Text("1".into())
        );
    }
}
