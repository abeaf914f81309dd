//! What tells who a client is. None of it reaches a vendor before the handoff, however it is written.

use conversation::about_self::{self, Passage};
use marketplace::look;
use store::{
    Tx, contacts, messages,
    messages::{Direction, Message, MessageKind, Party},
    requests::Request,
};

use crate::{ToolError, gates, numbers};

/// How many messages of the request are looked through, the newest.
const MESSAGES_MAX: i64 = 80;
/// A part of an address or identifier that is shorter could be a word of anybody.
const TELLING_MIN: usize = 6;
/// In what is only there once it is decoded a short name is found by accident.
const HIDDEN_NAME_MIN: usize = 5;

/// What is known of one client, prepared for looking.
pub(crate) struct ClientData {
    /// The last digits of the client's number and of those the client wrote.
    tails: Vec<String>,
    /// The profile's name, and names the client wrote.
    names: Vec<String>,
    /// Meta's identifier and the parts of mail addresses, letters and digits alone.
    identifiers: Vec<String>,
    /// Streets and places that the client named or shared.
    places: Vec<String>,
}

impl ClientData {
    /// What the rows say.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn load(tx: &mut Tx<'_>, request: &Request) -> Result<Self, ToolError> {
        let client = contacts::load(tx, request.client)?;
        let mut data = Self {
            tails: client.phone.iter().map(numbers::tail).collect(),
            names: client.name.into_iter().collect(),
            identifiers: client.bsuid.iter().map(|bsuid| squashed(&look::seen(bsuid.as_str()))).collect(),
            places: Vec::new(),
        };
        let written = messages::latest(tx, request.id, MESSAGES_MAX)?;
        let own = |message: &&Message| message.direction == Direction::In && message.party == Party::Client;
        for message in written.iter().filter(own) {
            data.learn(message.kind, message.body.as_deref().unwrap_or_default());
        }
        Ok(data)
    }

    /// Takes in what the client wrote or shared.
    fn learn(&mut self, kind: MessageKind, text: &str) {
        if kind == MessageKind::Other {
            // A location: its name and its address.
            self.places.extend(text.split(',').filter_map(place));
            return;
        }
        self.tails.extend(numbers::written(text));
        for passage in about_self::passages(text) {
            match passage {
                Passage::Name(name) => self.names.push(name),
                Passage::Place(address) => self.places.extend(address.split(',').filter_map(place)),
            }
        }
        let seen = look::seen(text);
        for address in seen.split_whitespace().filter(|word| word.contains('@')) {
            let (local, domain) = address.split_once('@').unwrap_or((address, ""));
            let local = squashed(local);
            let whole = if local.len() < TELLING_MIN { local + &squashed(domain) } else { local };
            self.identifiers.extend((whole.len() >= TELLING_MIN).then_some(whole));
        }
    }

    /// Whether a text tells any of it: as it stands, spelled out, or encoded in a usual way.
    pub(crate) fn is_told_by(&self, text: &str) -> bool {
        let names = |text: &str| self.names.iter().any(|name| gates::holds_name(text, name));
        let hidden_names = |text: &str| self.names.iter().any(|name| holds_long_name(text, name));
        self.is_in(&look::seen(text))
            || names(text)
            || look::hidden_readings(text).iter().any(|reading| self.is_in(reading) || hidden_names(reading))
    }

    fn is_in(&self, seen: &str) -> bool {
        let spelled = look::with_digits(seen).text;
        let letters = squashed(seen);
        self.tails.iter().any(|tail| numbers::shows(seen, tail) || numbers::shows(&spelled, tail))
            || self.identifiers.iter().any(|identifier| letters.contains(identifier.as_str()))
            || self.places.iter().any(|place| gates::holds_whole_name(seen, place))
    }
}

fn holds_long_name(text: &str, name: &str) -> bool {
    let long = |word: &&str| word.chars().count() >= HIDDEN_NAME_MIN;
    let words: Vec<&str> = name.split_whitespace().collect();
    (words.len() > 1 && gates::holds_whole_name(text, name))
        || words.iter().filter(|word| long(word)).any(|word| gates::holds_name(text, word))
}

/// A part of an address that leads to a door: with a number, or of several words. A town's name does not.
fn place(part: &str) -> Option<String> {
    let seen = look::seen(part);
    let words: Vec<&str> =
        seen.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let letters = |word: &&&str| word.chars().any(char::is_alphabetic);
    // The street without the number of the house tells it too.
    let named: Vec<&str> = words.iter().filter(letters).copied().collect();
    (named.len() >= 2 || (named.len() < words.len() && !named.is_empty()))
        .then(|| if named.len() >= 2 { named.join(" ") } else { words.join(" ") })
}

fn squashed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asha() -> ClientData {
        let mut data = ClientData {
            tails: vec![numbers::tail(&"+254712345678".parse().unwrap())],
            names: vec!["Asha Mwangi".to_owned()],
            identifiers: vec![squashed(&look::seen("KE.48213AbC"))],
            places: Vec::new(),
        };
        data.learn(MessageKind::Text, "or ask my son on 0733 000 999, mail asha.m88@posta.example");
        data.learn(MessageKind::Other, "Home, 12 Riverside Drive, Nairobi");
        data.learn(MessageKind::Text, "My address is 4 Ngong Road, flat 2. My name is Wambui");
        data
    }

    #[test]
    fn a_client_is_told_in_no_spelling() {
        for text in [
            "zero seven double one no: zero seven one two three four five six seven eight",
            "O7I2 345 678",
            "+254 (712) 345-678",
            "٠٧١٢ ٣٤٥ ٦٧٨",
            "071 or 234 or 5678",
            "8765432170",
            "MDcxMjM0NTY3OA==",
            "%30%37%31%32%33%34%35%36%37%38",
            "for Аshа",
            "A s h a needs it",
            "A-S-H-A",
            "ashamwangi",
            "As\u{200b}ha",
            "Nfun Zjnatv",
            "ignawM ahsA",
            "QXNoYSBNd2FuZ2k=",
            "customer ke.48213abc",
            "0733-000-999",
            "asha.m88@posta.example",
            "ask for asham88 there",
            "deliver to 12 Riverside Drive",
            "near Riverside Drive",
            "flat on Ngong Road",
            "her name is Wambui",
        ] {
            assert!(asha().is_told_by(text), "{text}");
        }
        for text in [
            "Front brake pads for a Toyota Corolla 2014, 1.8 petrol",
            "Delivery to Nairobi, budget 3,500",
            "part 90915-10003",
            "three of them, two for the front",
            "cash only",
        ] {
            assert!(!asha().is_told_by(text), "{text}");
        }
    }
}
