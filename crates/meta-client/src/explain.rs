//! Meta's codes of `/messages` in plain words: what happened, and what to do about it.

/// A code in plain words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What happened.
    pub meaning: &'static str,
    /// What a person does about it.
    pub advice: &'static str,
}

const fn says(meaning: &'static str, advice: &'static str) -> Explanation {
    Explanation { meaning, advice }
}

/// What a code means for the one message that it ended or holds; `None` for a code that Meta's pages don't explain.
pub const fn explain(code: i64) -> Option<Explanation> {
    const TEMPLATE: &str = "Repair it in WhatsApp Manager, or name another one in TEMPLATES_FILE.";
    const NUMBER: &str =
        "Look at the app and the business account in Meta's dashboard; sending goes on by itself then.";
    Some(match code {
        4 | 80_007 | 130_429 | 131_056 => says("too much at once", "Nothing: it is sent again by itself."),
        1 | 2 | 131_000 | 131_016 | 131_057 | 133_004 => says(
            "trouble at Meta's side; whether the message went out is not known",
            "Ask the recipient, then `concierge-admin outbox resolve`.",
        ),
        0 | 3 | 10 | 190 | 200..=299 | 131_005 => says(
            "the access token or its rights were refused",
            "Renew META_ACCESS_TOKEN and restart the workers.",
        ),
        368 | 131_031 => says("the account is locked or restricted for policy", NUMBER),
        130_497 => says(
            "messages to this person's country are not allowed for this business",
            "Reach the person in another way.",
        ),
        131_037 => says("the number's display name is not approved", NUMBER),
        131_042 | 131_044 => {
            says("there is no valid payment method", "Settle payments in Meta's business account.")
        }
        131_045 | 133_000 | 133_005 | 133_006 | 133_008..=133_010 | 133_015 | 133_016 => {
            says("the number is not registered as it must be", NUMBER)
        }
        33 | 100 | 131_008 | 131_009 | 131_021 | 131_051 | 134_011 | 135_000 => says(
            "Meta did not accept the form of the message",
            "Report it: the program should not have sent this.",
        ),
        132_000 => says("the template at Meta takes another number of parameters", TEMPLATE),
        132_001 => says("there is no such template, or it is not approved in this language", TEMPLATE),
        132_005 => says("the text is too long for the template", "Write to the person yourself, shorter."),
        132_007 => says("the template is against Meta's policy", TEMPLATE),
        132_008 | 132_012 => says(
            "a parameter does not fit the template",
            "Compare the template with what `concierge-admin templates check` shows.",
        ),
        132_015 => says("Meta paused the template for poor quality", TEMPLATE),
        132_016 => says("Meta disabled the template for good", TEMPLATE),
        132_068 | 132_069 => says("Meta holds the template's flow back", TEMPLATE),
        130_403 => says(
            "the person blocked this business",
            "Respect it; reach the person in another way only if they want it.",
        ),
        131_026 => says(
            "it cannot be delivered: not on WhatsApp, an old app, or terms not accepted",
            "Check the number; reach the person in another way.",
        ),
        131_030 => says(
            "a test number, and the recipient is not on its list",
            "Add the recipient in Meta's dashboard.",
        ),
        131_062 => {
            says("this person has no number that this message can go to", "Wait until the person writes.")
        }
        137_000 => says("the person's WhatsApp identity changed", "Wait until the person writes."),
        131_047 => says(
            "more than 24 hours since the person last wrote: free text is refused",
            "Wait until the person writes, or see that a template for it is in the catalogue.",
        ),
        130_472 | 131_048 | 131_049 | 131_063 | 131_064 => says(
            "Meta holds messages of this kind back from this person",
            "Wait until the person writes, or try on another day.",
        ),
        131_050 => says(
            "the person opted out of messages of this kind at Meta",
            "Nothing: they are not written to any more.",
        ),
        131_052 | 131_053 => says("the file could not be used", "Send another file."),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::reading;

    #[test]
    fn every_code_that_is_read_is_explained() {
        for code in (0..1_000).chain(80_000..81_000).chain(130_000..140_000) {
            assert_eq!(reading(code).is_some(), explain(code).is_some(), "{code}");
        }
        let paused = explain(132_015).unwrap();
        assert!(paused.meaning.contains("paused") && paused.advice.contains("TEMPLATES_FILE"));
    }
}
