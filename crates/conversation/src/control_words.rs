//! Words that steer: STOP, YES, "call me". Only a whole message is one, never a word inside a sentence.

/// What a whole message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum ControlWord {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Agreement.
    Yes,
    /// Refusal.
    No,
    /// Wants to be called.
    CallMe,
    /// Ends the request.
    Cancel,
    /// Wants a person.
    Human,
}

/// The control word that a message is as a whole, whatever its case, accents, punctuation and politeness.
pub fn recognise(text: &str) -> Option<ControlWord> {
    let _ = text;
    None
}
