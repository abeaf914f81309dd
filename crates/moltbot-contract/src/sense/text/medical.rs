//! Words that have no place where a prescription is involved: we clarify what its text says, we never
//! diagnose and never advise on an amount.

/// Amounts of a drug: a number and one of these.
const UNITS: [&str; 20] = [
    "mg", "mcg", "µg", "μg", "ug", "g", "gram", "grams", "gramos", "ml", "cc", "iu", "ui", "units", "drops",
    "tablet", "tablets", "capsule", "capsules", "pills",
];

/// How often and how much, and the words for it, in the languages we ship. Matched at the start of a word.
const DOSAGE: [&str; 34] = [
    "dose",
    "dosage",
    "dosing",
    "overdose",
    "dosis",
    "posologie",
    "dosagem",
    "once a day",
    "twice a day",
    "times a day",
    "times per day",
    "times daily",
    "once daily",
    "twice daily",
    "every day",
    "per day",
    "hourly",
    "before meals",
    "after meals",
    "on an empty stomach",
    "take one",
    "take two",
    "take half",
    "take three",
    "al día",
    "al dia",
    "cada 8 horas",
    "por dia",
    "ao dia",
    "par jour",
    "fois par",
    "kwa siku",
    "مرات",
    "جرعة",
];

/// Words that name or suggest an illness. Matched at the start of a word.
const DIAGNOSIS: [&str; 26] = [
    "diagnos",
    "you have an infection",
    "you are suffering",
    "you suffer",
    "you're suffering",
    "suffering from",
    "you may have",
    "you might have",
    "you probably have",
    "you likely have",
    "you could have",
    "sounds like you have",
    "looks like you have",
    "you seem to have",
    "your illness",
    "your disease",
    "your condition",
    "your symptom",
    "symptoms of",
    "used to treat",
    "to treat your",
    "you need this for",
    "usted tiene",
    "vous souffrez",
    "você sofre",
    "unaugua",
];

/// Whether lower-case text states or suggests a diagnosis.
pub(super) fn has_diagnosis(lower: &str) -> bool {
    DIAGNOSIS.iter().any(|word| has_word(lower, word))
}

/// Whether lower-case text states an amount or how often to take it.
pub(super) fn has_dosage(lower: &str) -> bool {
    DOSAGE.iter().any(|word| has_word(lower, word)) || has_amount(lower) || has_interval(lower)
}

/// `500 mg`, `5ml`, `0.5 g`.
fn has_amount(lower: &str) -> bool {
    after_numbers(lower).any(|after| {
        let word: String = after.chars().take_while(|c| c.is_alphabetic()).take(10).collect();
        UNITS.contains(&word.as_str())
    })
}

/// `every 8 hours`, `every eight hours`.
fn has_interval(lower: &str) -> bool {
    lower.match_indices("every ").any(|(at, every)| {
        let after = lower.get(at + every.len()..).unwrap_or_default();
        after.split_whitespace().take(2).any(|word| word.starts_with("hour") || word.starts_with("morning"))
    })
}

/// What follows each number, blanks skipped.
fn after_numbers(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().filter_map(move |(at, c)| {
        let after = text.get(at + c.len_utf8()..)?;
        let next_is_digit = after.chars().next().is_some_and(|next| next.is_ascii_digit());
        (c.is_ascii_digit() && !next_is_digit).then(|| after.trim_start_matches([' ', '\u{a0}', '-']))
    })
}

/// `word` at the start of a word of `text`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_frequencies_are_dosage() {
        for text in [
            "amoxicillin 500 mg",
            "500mg",
            "5 ml of syrup",
            "0.5 g",
            "take it twice a day",
            "3 times daily",
            "every 8 hours",
            "every eight hours",
            "the right dose",
            "two drops, 2 drops",
            "trois fois par jour",
        ] {
            assert!(has_dosage(text), "{text}");
        }
        for text in [
            "which pharmacy is near you?",
            "does the text say amoxicillin?",
            "2 boxes",
            "5 good offers",
            "overall",
        ] {
            assert!(!has_dosage(text), "{text}");
        }
    }

    #[test]
    fn illness_is_not_ours_to_name() {
        for text in ["you probably have malaria", "diagnosis: flu", "this is used to treat asthma"] {
            assert!(has_diagnosis(text), "{text}");
        }
        for text in ["do you have a photo of it?", "could you read the first line to me?"] {
            assert!(!has_diagnosis(text), "{text}");
        }
    }
}
