//! A client: says what is needed, answers a question, picks an offer.

use std::time::Duration;

use meta_simulator::Said;

use super::{Act, Received, catalogue::Need};

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
    need: &'static Need,
    /// Picks by tapping, or else by writing the number.
    taps: bool,
    answers_given: usize,
    picked: bool,
}

/// What this client answers to questions about anything else, by a word of the question.
const SMALL_ANSWERS: [(&str, &str); 3] =
    [("area", "Westlands, Nairobi"), ("When ", "Tomorrow is fine"), ("looking for", "As I wrote above")];

/// After that there is nothing more to say; a client still answers what is asked.
const FURTHER_ANSWERS: [&str; 3] =
    ["That is all I know", "I don't know more than that", "Please just ask around"];

impl ClientScript {
    /// A client before the first word.
    pub fn new(client: &Client, taps: bool) -> Self {
        Self { need: client.need, taps, answers_given: 0, picked: false }
    }

    /// The first message.
    pub fn opening(&self) -> Said {
        Said::Text(self.need.opening.to_owned())
    }

    /// The reaction to a message, if there is one.
    pub fn react(&mut self, message: Received<'_>) -> Option<Act> {
        if let Some(button) = message.buttons.iter().find(|button| button.id.starts_with("pick:")) {
            return self.pick(message, Said::Tap(button.clone()));
        }
        if is_numbered_list(message.text) {
            return self.pick(message, Said::Text("1".to_owned()));
        }
        if asks(message.text) {
            return self.answer(message.text);
        }
        None
    }

    fn pick(&mut self, message: Received<'_>, tap: Said) -> Option<Act> {
        if self.picked {
            return None;
        }
        self.picked = true;
        let act = if self.taps {
            Act { after: Duration::from_secs(40), said: tap, quoting: Some(message.wamid.to_owned()) }
        } else {
            Act { after: Duration::from_secs(40), said: Said::Text("1".to_owned()), quoting: None }
        };
        Some(act)
    }

    fn answer(&mut self, question: &str) -> Option<Act> {
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
    use meta_simulator::Button;

    fn script(taps: bool) -> ClientScript {
        let client = Client { name: "Amina".into(), phone: "+254711000000".into(), need: &NEEDS[0] };
        ClientScript::new(&client, taps)
    }

    fn received<'a>(text: &'a str, buttons: &'a [Button]) -> Received<'a> {
        Received { wamid: "wamid.1", text, buttons }
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
