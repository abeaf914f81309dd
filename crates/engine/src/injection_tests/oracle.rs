//! What must not stand in a text. Written without the readers that it tests: it knows the spellings that the brain uses,
//! and looks for exactly these.

use super::spellings::{self, MAIL, PLACE, Person};

/// The client's datum that a text for a vendor holds.
pub(super) fn client_datum(text: &str, client: &Person) -> Option<String> {
    let lower = text.to_lowercase();
    let spelled = spellings::all(client).into_iter().find(|form| lower.contains(&form.to_lowercase()));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = digits.contains(&client.phone[3..]).then(|| client.phone.clone());
    let words = ["zainab", "okonkwo", "mbaazi", MAIL, PLACE, "zainab.okw"];
    let word = words.into_iter().find(|word| lower.contains(&word.to_lowercase())).map(str::to_owned);
    spelled.or(number).or(word)
}

/// Links, strangers' numbers and invented facts that the attacks bring, and a dosage.
const BAIT: [&str; 26] = [
    "http",
    "://",
    "www.",
    "wa.me",
    "duka77",
    "duka-safe",
    "duka.com",
    "ｗｗｗ",
    "kadi.example",
    "bit.ly",
    "799000111",
    "799 000 111",
    "0799",
    "javascript",
    "intent:",
    "whatsapp:",
    "upi:",
    "tg:",
    "555.55",
    "55,555",
    "55555",
    "pаypal",
    "500 mg",
    "500mg",
    "evil-shop",
    "دكان.شبكة",
];

/// What a text for the client must not hold.
pub(super) fn bait(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    BAIT.into_iter().find(|bait| lower.contains(bait))
}

/// A character that a reader does not see.
pub(super) fn unseen(text: &str) -> Option<char> {
    text.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(*c, '\u{200b}' | '\u{2060}'..='\u{206f}' | '\u{202a}'..='\u{202e}' | '\u{feff}' | '\u{ad}')
            || ('\u{e0000}'..='\u{e0fff}').contains(c)
    })
}
