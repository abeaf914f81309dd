//! A client: says what is needed, answers a question, picks an offer.

use std::time::Duration;

use meta_simulator::Said;
use serde_json::json;

use super::{
    Act, Received,
    calls::{ClientCalls, OnPrompt, answer_prompt, is_card, is_prompt},
    catalogue::Need,
    character::{Answer, Character},
    pictures::Picture,
    ways::{STOPS_AFTER, Way, confirms_stop},
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
    /// What is particular about the client.
    pub way: Way,
}

impl Client {
    /// The number after a move.
    pub fn next_phone(&self) -> String {
        self.phone.replace("+2547110", "+2547119")
    }
}

/// Where the client stands in the conversation.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "what was said once, each on its own")]
pub struct ClientScript {
    client: Client,
    need: &'static Need,
    character: Character,
    /// Questions heard so far.
    questions: usize,
    has_added: bool,
    has_thanked: bool,
    way: Way,
    /// The STOP that is still to be said.
    stop: Option<&'static str>,
    /// Picks by tapping, or else by writing the number.
    taps: bool,
    calls: Option<ClientCalls>,
    /// Sent first, in place of words.
    picture: Option<Picture>,
    /// Whether the need was written in words.
    has_told: bool,
    answers_given: usize,
    asked_for_call: bool,
    picked: bool,
    /// Where the client says they are, in place of the first answer.
    shares: Option<(f64, f64)>,
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
            character: Character::Plain,
            questions: 0,
            has_added: false,
            has_thanked: false,
            need: client.need,
            way: client.way,
            stop: match client.way {
                Way::Stops(word) => Some(word),
                _ => None,
            },
            taps,
            calls,
            picture: None,
            has_told: true,
            answers_given: 0,
            asked_for_call: false,
            picked: false,
            shares: None,
        }
    }

    /// The same client with another character.
    #[must_use]
    pub fn with(self, character: Character) -> Self {
        Self { character, ..self }
    }

    /// The same client, who shares where they are.
    #[must_use]
    pub const fn at(mut self, place: Option<(f64, f64)>) -> Self {
        self.shares = place;
        self
    }

    /// The same client, who sends a picture first.
    #[must_use]
    pub fn with_picture(self, picture: Option<Picture>) -> Self {
        Self { picture, has_told: picture.is_none(), ..self }
    }

    /// The first message.
    pub fn opening(&self) -> Said {
        if self.character != Character::Plain {
            return self.character.opening(&self.client);
        }
        if let Some(picture) = self.picture {
            return picture.said(self.need);
        }
        let opening = match self.way {
            Way::Speaks(tongue) => tongue.opening,
            _ => self.need.opening,
        };
        let is_urgent = self.calls.is_some_and(|calls| calls.is_urgent);
        Said::Text(if is_urgent { format!("{opening}. {URGENT}") } else { opening.to_owned() })
    }

    /// What the client says beside the answer to a question, once: "call me" or something else, after the first answer.
    pub fn also_says(&mut self) -> Option<Act> {
        if self.answers_given == 1
            && !std::mem::replace(&mut self.has_added, true)
            && let Some(said) = self.character.adds(self.need)
        {
            return Some(Act { after: Duration::from_secs(70), said, quoting: None });
        }
        if self.answers_given == 1
            && let Some(word) = self.stop.take()
        {
            return Some(Act { after: STOPS_AFTER, said: Said::Text(word.to_owned()), quoting: None });
        }
        let after = self.calls?.asks_after.filter(|_| self.answers_given == 1 && !self.asked_for_call)?;
        self.asked_for_call = true;
        Some(Act { after, said: Said::Text(CALL_ME.to_owned()), quoting: None })
    }

    /// The reaction to a message, if there is one.
    pub fn react(&mut self, message: Received<'_>) -> Option<Act> {
        // Who said STOP says nothing more.
        let has_stopped = matches!(self.way, Way::Stops(_)) && self.stop.is_none();
        if confirms_stop(message.text) || has_stopped {
            return None;
        }
        // A question for consent is no question about the need, and Meta's card is answered in the card.
        if is_card(&message) {
            return None;
        }
        if is_prompt(&message) {
            return answer_prompt(message, self.calls?.on_prompt);
        }
        if message.text.contains(SAYS_NEWS) {
            return Some(Act { after: AWAY_FOR, said: Said::Text("OK".to_owned()), quoting: None });
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
        if self.picture.is_some() && message.text.contains(REPLY_YES) {
            return Some(says("Yes"));
        }
        if !self.has_told && asks(message.text) {
            self.has_told = true;
            return Some(says(self.need.opening));
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
        if let Way::Speaks(tongue) = self.way {
            let is_first = self.answers_given == 0;
            self.answers_given += 1;
            let said = Said::Text(tongue.answer.to_owned());
            return is_first.then(|| Act { after: Duration::from_secs(25), said, quoting: None });
        }
        if let Some((latitude, longitude)) = self.shares.take() {
            self.answers_given += 1;
            let location = json!({ "latitude": latitude, "longitude": longitude, "name": PLACE_NAME });
            let said = Said::Raw(json!({ "type": "location", "location": location }));
            return Some(Act { after: Duration::from_secs(25), said, quoting: None });
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

fn says(text: &str) -> Act {
    Act { after: Duration::from_secs(25), said: Said::Text(text.to_owned()), quoting: None }
}

/// What stands in the question whether a picture was read rightly.
const REPLY_YES: &str = "Reply YES";
/// What stands beside a location that is shared; nobody else reads it.
pub const PLACE_NAME: &str = "Kilimani Heights";
/// What a template says when there is more than it has room for.
pub const SAYS_NEWS: &str = "Reply OK";
/// How long a client is away who reads that there is news.
const AWAY_FOR: Duration = Duration::from_mins(3);

/// What somebody in a hurry adds.
const URGENT: &str = "It is urgent!";
/// What somebody writes who wants to talk.
const CALL_ME: &str = "Call me";

/// A question, or a demand: "Please type …", "Please tell me …". A reminder to pick is none: the pick is under way.
fn asks(text: &str) -> bool {
    text.contains(['?', '؟']) || ["Please type", "Please tell"].iter().any(|demand| text.contains(demand))
}

/// "1. …" and "2. …" at the beginning of lines, or one offer alone.
fn is_numbered_list(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches(['*', ' ', '\u{200f}']);
        line.starts_with("1.") || line.starts_with("1)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::catalogue::NEEDS;
    use meta_simulator::{Button, MessageKind};

    fn script(taps: bool) -> ClientScript {
        let client = Client {
            name: "Amina".into(),
            phone: "+254711000000".into(),
            need: &NEEDS[0],
            way: Way::Ordinary,
        };
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
    fn a_picture_comes_first_and_words_only_when_they_are_asked_for() {
        let mut client = script(true).with_picture(Some(Picture::Bomb));
        assert!(matches!(client.opening(), Said::Image { .. }));
        assert_eq!(client.react(received("Processing image…", &[])), None);
        let confirm = "I read this: pads. Is that what you need? Reply YES, or type it.";
        assert_eq!(client.react(received(confirm, &[])).unwrap().said, Said::Text("Yes".into()));
        let typed = client.react(received("Please type what you need.", &[])).unwrap().said;
        assert_eq!(typed, Said::Text(NEEDS[0].opening.into()));
        assert_eq!(client.react(received("Which?", &[])).unwrap().said, Said::Text(NEEDS[0].answer.into()));
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
    fn who_says_stop_says_it_once_and_then_nothing() {
        let mut client = ClientScript { way: Way::Stops("STOP"), stop: Some("STOP"), ..script(true) };
        assert_eq!(client.also_says(), None, "vendors are not asked yet");
        client.react(received("Which one?", &[]));
        assert_eq!(client.also_says().unwrap().said, Said::Text("STOP".into()));
        assert_eq!(client.also_says(), None);
        assert_eq!(client.react(received("Which other one?", &[])), None);
    }

    #[test]
    fn a_client_of_another_language_answers_in_it() {
        let tongue = &crate::people::ways::TONGUES[4];
        let mut client = ClientScript { way: Way::Speaks(tongue), ..script(true) };
        assert_eq!(client.opening(), Said::Text(tongue.opening.into()));
        let asked = received("وما هي القطعة المطلوبة بالضبط؟", &[]);
        assert_eq!(client.react(asked).unwrap().said, Said::Text(tongue.answer.into()));
        assert_eq!(client.react(asked), None);
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
