//! What has no place in a text of ours where a prescription is involved: we clarify what its text says, we never
//! diagnose and never advise on an amount. One rule for Moltbot's texts and for everything that tools send.

use std::collections::BTreeSet;

use crate::rejection::RuleId;

/// Amounts of a drug: a number and one of these.
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "mg", "mcg", "µg", "μg", "ug", "g", "gram", "grams", "gramos", "ml", "cc", "iu", "ui", "units", "drops", "tablet", "tablets", "capsule", "capsules", "pills",
    "comprimido", "comprimidos", "cápsula", "cápsulas", "gotas", "comprimé", "comprimés", "gélule", "gélules", "gouttes", "vidonge", "مجم", "ملغ", "مل", "حبة", "حبات", "قرص", "أقراص",
];

/// How often and how much, and the words for it, in the languages we ship. Matched at the start of a word.
#[rustfmt::skip]
const DOSAGE: &[&str] = &[
    "dose", "dosage", "dosing", "overdose", "once a day", "twice a day", "times a day", "times per day", "times daily", "once daily", "twice daily", "every day", "per day", "hourly", "before meals", "after meals", "at bedtime", "on an empty stomach", "take one", "take two", "take half", "take three",
    "dosis", "posología", "al día", "al dia", "veces por", "antes de comer", "después de comer", "en ayunas", "dosagem", "por dia", "ao dia", "vezes por", "em jejum", "antes das refeições", "após as refeições",
    "posologie", "par jour", "fois par", "à jeun", "avant les repas", "après les repas", "dozi", "kwa siku", "baada ya kula", "kabla ya kula", "مرات", "مرتين", "جرعة", "الجرعة", "قبل الأكل", "بعد الأكل", "قبل النوم",
];

/// What begins "every 8 hours", and what ends it, up to two words later.
const EVERY: [&str; 5] = ["every ", "cada ", "toutes les ", "kila ", "كل "];
const HOURS: [&str; 6] = ["hour", "hora", "heure", "saa", "ساع", "morning"];

/// Verbs of taking a drug, and what is taken, up to two words later: "take a photo" is no advice.
#[rustfmt::skip]
const TAKE: [&str; 11] =
    ["take ", "swallow ", "tome ", "tomar ", "tómese ", "prenez ", "prendre ", "avalez ", "meza ", "تناول ", "خذ "];
#[rustfmt::skip]
const TAKEN: [&str; 16] = [
    "tablet", "pill", "capsule", "spoon", "drop", "medicine", "comprim", "pastilla", "cápsula", "cuchara", "colher", "gélule", "kidonge", "vidonge", "حبة", "قرص",
];

/// Words that name or suggest an illness. Matched at the start of a word.
#[rustfmt::skip]
const DIAGNOSIS: &[&str] = &[
    "diagnos", "you have an infection", "you are suffering", "you suffer", "you're suffering", "suffering from", "you may have", "you might have", "you probably have", "you likely have", "you could have", "sounds like you have", "looks like you have", "you seem to have", "your illness", "your disease", "your condition",
    "your symptom", "symptoms of", "used to treat", "to treat your", "you need this for",
    "diagnóst", "usted tiene una infecc", "usted tiene una enfermedad", "probablemente tiene", "usted padece", "usted sufre", "su enfermedad", "sus síntomas", "você sofre", "você tem uma infec", "provavelmente tem", "sua doença", "seus sintomas",
    "vous souffrez", "vous avez probablement", "vous avez une infection", "votre maladie", "vos symptômes", "unaugua", "una ugonjwa", "ugonjwa wako", "dalili zako", "تشخيص", "التشخيص", "أنت مصاب", "تعاني من", "لديك التهاب", "مرضك", "أعراضك",
];

/// What a text of ours must not say where a prescription is involved: an illness, or how much of a drug to take. An amount
/// that stands in one of `known`, what others said, may be repeated: "500 mg" is what the box says. Advice never.
pub fn fault(text: &str, known: &[&str]) -> Option<RuleId> {
    let lower = text.to_lowercase();
    if has_diagnosis(&lower) {
        return Some(RuleId::DiagnosisInText);
    }
    has_dosage(&lower, known).then_some(RuleId::DosageInText)
}

/// Whether a text repeats a longer word that was read from a picture and stands in nothing that was `told`: what the
/// client wrote or confirmed.
pub fn repeats_unconfirmed(text: &str, read: &[&str], told: &[&str]) -> bool {
    let (text, told) = (words(text), words(&told.join(" ")));
    let read = words(&read.join(" "));
    text.iter().any(|word| word.chars().count() >= WORD_MIN && read.contains(word) && !told.contains(word))
}

/// Shorter words stand in every text.
const WORD_MIN: usize = 4;

fn words(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether lower-case text states or suggests a diagnosis.
fn has_diagnosis(lower: &str) -> bool {
    DIAGNOSIS.iter().any(|word| has_word(lower, word))
}

/// Whether lower-case text states how often to take it, or an amount that is not known.
fn has_dosage(lower: &str, known: &[&str]) -> bool {
    let advice = DOSAGE.iter().any(|word| has_word(lower, word))
        || leads_to(lower, &EVERY, &HOURS)
        || leads_to(lower, &TAKE, &TAKEN);
    advice || {
        let known: BTreeSet<String> = known.iter().flat_map(|text| amounts(&text.to_lowercase())).collect();
        amounts(lower).iter().any(|amount| !known.contains(amount))
    }
}

/// One of `leads`, and one of `ends` at the start of one of the three words after it.
fn leads_to(lower: &str, leads: &[&str], ends: &[&str]) -> bool {
    leads.iter().any(|lead| {
        lower.match_indices(lead).filter(|(at, _)| begins_word(lower, *at)).any(|(at, lead)| {
            let after = lower.get(at + lead.len()..).unwrap_or_default();
            after.split_whitespace().take(3).any(|word| ends.iter().any(|end| word.starts_with(end)))
        })
    })
}

/// `500 mg`, `5ml`, `0.5 g`, each written as `500mg`.
fn amounts(lower: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = lower;
    while let Some(at) = rest.find(char::is_numeric) {
        rest = rest.get(at..).unwrap_or_default();
        let length = rest.find(|c: char| !c.is_numeric() && !matches!(c, '.' | ',')).unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let unit: String = after
            .trim_start_matches([' ', '\u{a0}', '-'])
            .chars()
            .take_while(|c| c.is_alphabetic())
            .take(12)
            .collect();
        if UNITS.contains(&unit.as_str()) {
            found.push(format!("{}{unit}", number.trim_end_matches(['.', ','])));
        }
        rest = after;
    }
    found
}

/// `word` at the start of a word of `text`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| begins_word(text, at))
}

fn begins_word(text: &str, at: usize) -> bool {
    !text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_on_taking_a_drug_is_found_in_every_language() {
        for text in [
            "amoxicillin 500 mg",
            "500mg",
            "5 ml of syrup",
            "0.5 g",
            "take it twice a day",
            "3 times daily",
            "every 8 hours",
            "Every eight hours",
            "the right dose",
            "two drops, 2 drops",
            "Swallow the tablets whole",
            "take your medicine",
            "la dosis correcta",
            "cada 8 horas",
            "Tome dos comprimidos",
            "después de comer",
            "a dosagem é maior",
            "duas vezes por semana",
            "tomar um comprimido",
            "trois fois par jour",
            "toutes les huit heures",
            "Prenez un comprimé le soir",
            "prenez-le avant les repas",
            "vidonge viwili kwa siku",
            "meza vidonge viwili",
            "kila saa nane",
            "ثلاث مرات في اليوم",
            "كل ٨ ساعات",
            "تناول حبة واحدة",
            "٥٠٠ مجم",
        ] {
            assert_eq!(fault(text, &[]), Some(RuleId::DosageInText), "{text}");
        }
    }

    #[test]
    fn illness_is_not_ours_to_name_in_any_language() {
        for text in [
            "you probably have malaria",
            "diagnosis: flu",
            "this is used to treat asthma",
            "Usted tiene una infección",
            "sus síntomas son claros",
            "você sofre de asma",
            "sua doença é leve",
            "vous souffrez d'asthme",
            "vos symptômes",
            "una ugonjwa wa malaria",
            "dalili zako",
            "أنت مصاب بالتهاب",
            "هذا التشخيص",
        ] {
            assert_eq!(fault(text, &[]), Some(RuleId::DiagnosisInText), "{text}");
        }
    }

    #[test]
    fn ordinary_words_pass() {
        for text in [
            "which pharmacy is near you?",
            "does the text say amoxicillin?",
            "2 boxes",
            "5 good offers",
            "overall",
            "Could you take a photo of it?",
            "It will take an hour to answer",
            "we ask every pharmacy",
            "do you have a photo of it?",
            "could you read the first line to me?",
            "¿Usted tiene una foto de la receta?",
            "preguntamos a cada farmacia",
            "Tome una foto, por favor",
            "você tem a receita?",
            "perguntamos em cada farmácia",
            "Prenez une photo de l'ordonnance",
            "toutes les pharmacies",
            "tunauliza kila duka",
            "nitajibu mara moja",
            "خذ صورة واضحة",
            "نسأل كل صيدلية",
        ] {
            assert_eq!(fault(text, &[]), None, "{text}");
        }
    }

    #[test]
    fn what_the_box_says_may_be_repeated_and_advice_may_not() {
        let known = ["Amoxicillin 500 mg x21", "we have 250mg tablets"];
        for text in ["Is it Amoxicillin 500mg?", "Shop 2: 250 mg tablets available", "amoxicillin"] {
            assert_eq!(fault(text, &known), None, "{text}");
        }
        for text in ["Is it 50 mg?", "better 1000mg", "Amoxicillin 500mg twice a day", "take 500mg tablets"] {
            assert_eq!(fault(text, &known), Some(RuleId::DosageInText), "{text}");
        }
    }

    #[test]
    fn words_of_a_picture_need_the_clients_own() {
        let read = ["Dr Otieno\nAmoxicillin 500mg"];
        assert!(repeats_unconfirmed("Amoxicillin, please", &read, &["I have a prescription"]));
        assert!(repeats_unconfirmed("amoxicillin for Otieno", &read, &["amoxicillin"]));
        assert!(!repeats_unconfirmed("Amoxicillin 500mg", &read, &["AMOXICILLIN 500mg"]));
        assert!(!repeats_unconfirmed("brake pads", &read, &[]));
        assert!(!repeats_unconfirmed("Dr", &read, &[]), "too short to tell");
    }
}
