//! When a vendor can deliver: a day, a clock time or a span, short and in English.

use super::{
    lexer::{Kind, Token},
    number_words::small,
    spelling,
};

/// Days and moments, longest phrases first.
const DAYS: &[(&str, &[&str])] = &[
    (
        "day after tomorrow",
        &[
            "day after tomorrow",
            "kesho kutwa",
            "keshokutwa",
            "pasado manana",
            "depois de amanha",
            "apres demain",
            "بعد غد",
            "بعد بكره",
        ],
    ),
    (
        "next week",
        &[
            "next week",
            "wiki ijayo",
            "la proxima semana",
            "proxima semana",
            "semana que vem",
            "la semaine prochaine",
            "semaine prochaine",
            "الاسبوع القادم",
            "الاسبوع الجاي",
        ],
    ),
    (
        "now",
        &[
            "right now",
            "ready now",
            "available now",
            "immediately",
            "sasa hivi",
            "ahora mismo",
            "agora mesmo",
            "tout de suite",
            "maintenant",
            "حالا",
            "الان",
        ],
    ),
    (
        "tomorrow",
        &[
            "tomorrow", "tomoro", "tommorow", "tomorow", "tmrw", "tmr", "kesho", "manana", "amanha",
            "demain", "غدا", "بكره", "بكرا", "غدوه", "باكر", "kal", "2moro", "tomo",
        ],
    ),
    (
        "tonight",
        &[
            "tonight",
            "this evening",
            "jioni",
            "esta noche",
            "hoje a noite",
            "ce soir",
            "usiku huu",
            "الليله",
            "المساء",
            "بالليل",
        ],
    ),
    ("today", &["today", "leo", "hoy", "hoje", "aujourdhui", "اليوم", "النهارده", "aaj", "2day"]),
    ("monday", &["monday", "on mon", "by mon", "jumatatu", "lunes", "segunda feira", "lundi", "الاثنين"]),
    ("tuesday", &["tuesday", "tues", "jumanne", "martes", "terca feira", "mardi", "الثلاثاء"]),
    ("wednesday", &["wednesday", "jumatano", "miercoles", "quarta feira", "mercredi", "الاربعاء"]),
    ("thursday", &["thursday", "thur", "thurs", "alhamisi", "jueves", "quinta feira", "jeudi", "الخميس"]),
    ("friday", &["friday", "fri", "ijumaa", "viernes", "sexta feira", "sexta", "vendredi", "الجمعه"]),
    ("saturday", &["saturday", "on sat", "by sat", "jumamosi", "sabado", "samedi", "السبت"]),
    ("sunday", &["sunday", "on sun", "by sun", "jumapili", "domingo", "dimanche", "الاحد"]),
];

/// Units of a span: singular, plural, and how people write them.
const SPANS: &[(&str, &str, &[&str])] = &[
    (
        "minute",
        "minutes",
        &["min", "mins", "minute", "minutes", "minutos", "minuto", "dakika", "دقيقه", "دقائق"],
    ),
    (
        "hour",
        "hours",
        &["h", "hr", "hrs", "hour", "hours", "hora", "horas", "heure", "heures", "masaa", "ساعه", "ساعات"],
    ),
    ("day", "days", &["day", "days", "dia", "dias", "jour", "jours", "siku", "يوم", "ايام"]),
    (
        "week",
        "weeks",
        &[
            "week",
            "weeks",
            "wk",
            "wks",
            "semana",
            "semanas",
            "semaine",
            "semaines",
            "wiki",
            "اسبوع",
            "اسابيع",
        ],
    ),
];

/// Swahili puts the number last.
const UNIT_FIRST: &[&str] = &["dakika", "masaa", "siku", "wiki"];

/// Directly before a day these deny it.
const NOT_THEN: &[&str] = &["not", "no", "nao", "pas", "yesterday", "since", "مش", "مو"];

/// A span that looks back, or is about something else.
const NOT_AHEAD: &[&str] = &["ago", "warranty", "guarantee", "old", "back", "garantia", "garantie", "used"];

/// Two of a span in one word.
const DUALS: &[(&str, &str)] = &[("ساعتين", "in 2 hours"), ("يومين", "in 2 days"), ("اسبوعين", "in 2 weeks")];

/// The time a reply names, if it names one.
pub(super) fn read(tokens: &[Token]) -> Option<String> {
    let day = day(tokens);
    let clock = clock(tokens);
    match (day, clock) {
        (Some(day), Some(clock)) => Some(format!("{day} {clock}")),
        (Some(day), None) => Some(day.to_owned()),
        (None, Some(clock)) => Some(clock),
        (None, None) => span(tokens).or_else(|| dual(tokens)),
    }
}

fn dual(tokens: &[Token]) -> Option<String> {
    let words = || tokens.iter().filter_map(Token::word);
    DUALS.iter().find(|(word, _)| words().any(|said| said == *word)).map(|(_, span)| (*span).to_owned())
}

fn day(tokens: &[Token]) -> Option<&'static str> {
    // `sexta-feira` is one word.
    let joined = tokens.iter().filter(|token| token.mark() != Some('-'));
    let words: Vec<&str> =
        joined.map(|token| token.word().map(spelling::corrected).unwrap_or_default()).collect();
    let said = |phrase: &&str| {
        crate::text::find_phrase(&words, phrase).filter(|at| {
            let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
            // "not available now", "not today": the time is the other one.
            !(NOT_THEN.contains(&before) || (before == "available" && words.contains(&"not")))
        })
    };
    DAYS.iter().find(|(_, phrases)| phrases.iter().any(|phrase| said(phrase).is_some())).map(|(day, _)| *day)
}

/// `17:00`, `5pm`, `5:30 pm`; in 24 hours.
fn clock(tokens: &[Token]) -> Option<String> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        let half = tokens.get(at + 1).and_then(Token::word).filter(|word| matches!(*word, "am" | "pm"));
        let (hour, minute) = match &token.kind {
            Kind::Clock(text) => {
                let (hour, minute) = text.split_once(':')?;
                (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?)
            }
            Kind::Number(text) => (half.and(text.parse::<u32>().ok())?, 0),
            _ => return None,
        };
        let hour = match half {
            Some("pm") if (1..12).contains(&hour) => hour + 12,
            Some("am") if hour == 12 => 0,
            Some(_) if !(1..=12).contains(&hour) => return None,
            _ => hour,
        };
        (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
    })
}

/// `2`, `two`; "one" may be an article and is read with "in" alone.
fn counted(token: &Token) -> Option<String> {
    let word = || token.word().and_then(small).filter(|count| *count > 1).map(|count| count.to_string());
    token.number().map(str::to_owned).or_else(word)
}

/// `2 hours`, `in 30 min`, `2-3 days`, `siku 3`.
fn span(tokens: &[Token]) -> Option<String> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        let (singular, plural, words) =
            SPANS.iter().find(|(.., words)| token.word().is_some_and(|word| words.contains(&word)))?;
        let back = |steps: usize| at.checked_sub(steps).and_then(|at| tokens.get(at));
        if tokens.get(at + 1).and_then(Token::word).is_some_and(|word| NOT_AHEAD.contains(&word)) {
            return None;
        }
        let count = match back(1).and_then(counted) {
            Some(count) => count,
            None if token.word().is_some_and(|word| UNIT_FIRST.contains(&word)) => {
                tokens.get(at + 1).and_then(counted)?
            }
            None => {
                let one = back(1).and_then(Token::word).is_some_and(|word| {
                    matches!(word, "an" | "one" | "una" | "uma" | "une" | "un" | "um" | "a")
                });
                let ahead = back(2)
                    .and_then(Token::word)
                    .is_some_and(|word| matches!(word, "in" | "within" | "en" | "em" | "dans" | "after"));
                let _ = words;
                return (one && ahead).then(|| format!("in 1 {singular}"));
            }
        };
        let count = count.as_str();
        if count.len() > 3 || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let from = match (back(2).and_then(Token::mark), back(3).and_then(Token::number)) {
            (Some('-'), Some(from)) if from.len() <= 3 => format!("{from}-"),
            _ => String::new(),
        };
        let unit = if count == "1" && from.is_empty() { singular } else { plural };
        Some(format!("in {from}{count} {unit}"))
    })
}
