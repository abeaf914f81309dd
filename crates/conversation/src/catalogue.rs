//! Every fixed sentence that a client or a vendor reads, as Project Fluent messages in `locales/`.
//!
//! A [`Sentence`] is typed: its variant names the message (`AskNeed` is `ask-need`), its fields are the message's
//! variables. What does not fit into WhatsApp's limits is shortened here, never sent too long. Every language has every
//! sentence: English is the mission's wording, the others say the same.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use marketplace::{Language, Money, look};
use unic_langid::LanguageIdentifier;

/// A text message, in code points.
pub const TEXT_MAX: usize = 4096;
/// A text above buttons, in code points.
pub const TEXT_WITH_BUTTONS_MAX: usize = 1024;
/// A button's title, in code points.
pub const BUTTON_TITLE_MAX: usize = 20;

/// What others wrote is shortened to this inside a sentence, in code points.
const ARGUMENT_MAX: usize = 300;
/// Lines of a list inside a sentence.
const LIST_MAX: usize = 5;

/// One sentence with its arguments.
#[derive(Debug, Clone, PartialEq, strum::EnumDiscriminants)]
#[strum_discriminants(name(SentenceKind), vis(pub), derive(strum::IntoStaticStr, strum::EnumIter, Hash))]
#[strum_discriminants(strum(serialize_all = "kebab-case"), doc = "Which sentence, without its arguments.")]
pub enum Sentence<'a> {
    /// To a client who only greeted: what do you need?
    AskNeed,
    /// To a client: details, by kind of need.
    AskDetails {
        /// The category, as [`crate::need::guess_category`] names it.
        category: &'a str,
    },
    /// To a client: where?
    AskArea,
    /// To a client: by when?
    AskWhen,
    /// To a client: vendors are being asked.
    AskingVendors,
    /// To a client: nobody answered enough yet, the next vendors are asked.
    AskingMoreVendors,
    /// To a client: the vendors are closed, and are asked when they open.
    AskingWhenOpen,
    /// To a client whose 24-hour window is over: there are offers, and how to see them.
    OffersWaiting,
    /// To a client whose 24-hour window is over: there is news, and how to read it.
    NewsWaiting,
    /// To a client: we are still waiting for answers.
    StillWaiting,
    /// To a client: nobody has it.
    NoVendorsFound,
    /// To a vendor: the first message.
    VendorInquiry {
        /// What is needed, without anything about who needs it.
        need: &'a str,
        /// What to answer, one question each; without any, the usual three are asked.
        questions: &'a [String],
    },
    /// To a vendor: the answer left something open.
    VendorFollowUp {
        /// What is needed.
        need: &'a str,
        /// What is still open.
        question: &'a str,
    },
    /// To a vendor with several open inquiries whose answer quotes none.
    VendorWhichRequest {
        /// The open needs.
        needs: &'a [String],
    },
    /// To a vendor who answered too late or was not chosen.
    VendorThanks,
    /// The text over a shortlist.
    ShortlistHeader {
        /// How many lines follow.
        count: usize,
    },
    /// One line of a shortlist.
    ShortlistLine {
        /// The number to answer with.
        position: u8,
        /// The vendor's name.
        vendor: &'a str,
        /// The price, if one was named.
        price: Option<Money>,
        /// When, if it was said.
        eta: Option<&'a str>,
        /// Kilometres, if known.
        distance_km: Option<f64>,
    },
    /// The text under a shortlist.
    ShortlistFooter,
    /// To a client whose choice is not clear.
    PickUnclear {
        /// How many lines the shortlist has.
        count: usize,
    },
    /// To the client: the vendor's contact.
    HandoffToClient {
        /// The vendor's name.
        vendor: &'a str,
        /// The vendor's number in E.164.
        phone: &'a str,
    },
    /// To the vendor: the client's contact.
    HandoffToVendor {
        /// What is needed.
        need: &'a str,
        /// The client's name, if known.
        client: Option<&'a str>,
        /// The client's number in E.164, if Meta gave one.
        phone: Option<&'a str>,
    },
    /// To a client who sent a picture or PDF while reading them is off.
    MediaPleaseType,
    /// To a client who sent a kind of message that cannot be read.
    MediaUnreadable,
    /// To a client while a picture is being read.
    ProcessingImage,
    /// To a client: what was read from a picture; YES, or type it.
    DocumentConfirm {
        /// The lines, at most five are shown.
        lines: &'a [String],
    },
    /// To a client whose picture could not be read, or was read wrongly.
    DocumentUnreadable,
    /// To a client whose request goes to a person.
    Escalated,
    /// The request is over.
    RequestClosed,
    /// Confirms STOP.
    StopConfirmed,
    /// Confirms START.
    StartConfirmed,
    /// Confirms a wish for the language it is written in.
    LanguageSet,
    /// To a client who asks for a call while calling is off or not possible.
    CallingUnavailable,
    /// Asks for consent to a call; sent with [`Sentence::ButtonYes`] and [`Sentence::ButtonNo`].
    ConsentPrompt,
    /// Confirms a YES to a call.
    ConsentGranted,
    /// Confirms a NO to a call.
    ConsentDenied,
    /// To a client who asks for a call again while our question waits for an answer.
    ConsentReminder,
    /// A call did not go through.
    CallFailed,
    /// Button title.
    ButtonYes,
    /// Button title.
    ButtonNo,
    /// Button title under a vendor inquiry.
    ButtonInStock,
    /// Button title under a vendor inquiry.
    ButtonOutOfStock,
    /// Button title that picks one line of a shortlist.
    ButtonPick {
        /// The line's number.
        position: u8,
        /// The vendor's name, shortened to what fits.
        vendor: &'a str,
    },
}

impl SentenceKind {
    /// The longest text of this sentence, in code points: what WhatsApp takes where it is used.
    pub const fn length_max(self) -> usize {
        match self {
            Self::ButtonYes
            | Self::ButtonNo
            | Self::ButtonInStock
            | Self::ButtonOutOfStock
            | Self::ButtonPick => BUTTON_TITLE_MAX,
            Self::ConsentPrompt | Self::VendorInquiry | Self::VendorFollowUp | Self::PickUnclear => {
                TEXT_WITH_BUTTONS_MAX
            }
            _ => TEXT_MAX,
        }
    }
}

/// Writes a sentence in a language. Should its file lack the sentence (tests hold that none does), in English.
pub fn text(language: Language, sentence: &Sentence<'_>) -> String {
    let kind = SentenceKind::from(sentence);
    let written = write(bundle(language), kind.into(), &arguments(language, sentence));
    shorten(&written, kind.length_max())
}

/// A text within a limit of code points; a cut shows as `…`.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| load(Language::En, source(Language::En)));
static SPANISH: LazyLock<Bundle> = LazyLock::new(|| load(Language::Es, source(Language::Es)));
static PORTUGUESE: LazyLock<Bundle> = LazyLock::new(|| load(Language::Pt, source(Language::Pt)));
static FRENCH: LazyLock<Bundle> = LazyLock::new(|| load(Language::Fr, source(Language::Fr)));
static SWAHILI: LazyLock<Bundle> = LazyLock::new(|| load(Language::Sw, source(Language::Sw)));
static ARABIC: LazyLock<Bundle> = LazyLock::new(|| load(Language::Ar, source(Language::Ar)));

/// The sentences of a language.
fn bundle(language: Language) -> &'static Bundle {
    match language {
        Language::En => &ENGLISH,
        Language::Es => &SPANISH,
        Language::Pt => &PORTUGUESE,
        Language::Fr => &FRENCH,
        Language::Sw => &SWAHILI,
        Language::Ar => &ARABIC,
    }
}

/// The file of a language, which is part of the program.
const fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("../locales/en.ftl"),
        Language::Es => include_str!("../locales/es.ftl"),
        Language::Pt => include_str!("../locales/pt.ftl"),
        Language::Fr => include_str!("../locales/fr.ftl"),
        Language::Sw => include_str!("../locales/sw.ftl"),
        Language::Ar => include_str!("../locales/ar.ftl"),
    }
}

fn load(language: Language, source: &str) -> Bundle {
    // The tag chooses the plural rules; each of ours has some.
    let tag: LanguageIdentifier = <&str>::from(language).parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // WhatsApp shows isolation marks as boxes on some telephones. What Arabic needs instead stands in its file.
    bundle.set_use_isolating(false);
    // Tests hold the files free of errors.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// The message of a bundle, or the English one when that has none that can be written.
fn write(bundle: &Bundle, key: &str, arguments: &FluentArgs<'_>) -> String {
    format_message(bundle, key, arguments)
        .or_else(|| format_message(&ENGLISH, key, arguments))
        .unwrap_or_default()
}

/// The message, or nothing when it is missing or one of its variables is.
fn format_message(bundle: &Bundle, key: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    let mut errors = Vec::new();
    let written = bundle.format_pattern(pattern, Some(arguments), &mut errors);
    errors.is_empty().then(|| written.into_owned())
}

fn arguments<'a>(language: Language, sentence: &Sentence<'a>) -> FluentArgs<'a> {
    let mut set = FluentArgs::new();
    match sentence {
        Sentence::AskDetails { category } => set.set("category", *category),
        Sentence::VendorInquiry { need, questions } => {
            set.set("need", quoted(need));
            // Availability, price and time are always asked; a plan's own questions come below.
            let own = if questions.is_empty() { String::new() } else { format!("\n{}", list(questions)) };
            set.set("questions", format!("{}{own}", usual_questions(language)));
        }
        Sentence::VendorFollowUp { need, question } => {
            set.set("need", quoted(need));
            set.set("question", quoted(question));
        }
        Sentence::VendorWhichRequest { needs } => set.set("needs", numbered(needs)),
        Sentence::ShortlistHeader { count } | Sentence::PickUnclear { count } => set.set("count", *count),
        Sentence::ShortlistLine { position, vendor, price, eta, distance_km } => {
            set.set("position", *position);
            set.set("vendor", quoted(vendor));
            optional(
                &mut set,
                ("has_price", "price"),
                price.map(|price| number(language, &price.to_string())),
            );
            optional(&mut set, ("has_eta", "eta"), eta.map(quoted));
            optional(
                &mut set,
                ("has_distance", "distance"),
                distance_km.map(|km| number(language, &format!("{km:.1}"))),
            );
        }
        Sentence::HandoffToClient { vendor, phone } => {
            set.set("vendor", quoted(vendor));
            set.set("phone", quoted(phone));
        }
        Sentence::HandoffToVendor { need, client, phone } => {
            set.set("need", quoted(need));
            optional(&mut set, ("has_client", "client"), client.map(quoted));
            optional(&mut set, ("has_phone", "phone"), phone.map(quoted));
        }
        Sentence::DocumentConfirm { lines } => set.set("lines", list(lines)),
        Sentence::ButtonPick { position, vendor } => {
            set.set("position", *position);
            set.set("vendor", quoted(vendor));
        }
        Sentence::AskNeed
        | Sentence::AskArea
        | Sentence::AskWhen
        | Sentence::AskingVendors
        | Sentence::AskingMoreVendors
        | Sentence::AskingWhenOpen
        | Sentence::OffersWaiting
        | Sentence::NewsWaiting
        | Sentence::StillWaiting
        | Sentence::NoVendorsFound
        | Sentence::VendorThanks
        | Sentence::ShortlistFooter
        | Sentence::MediaPleaseType
        | Sentence::MediaUnreadable
        | Sentence::ProcessingImage
        | Sentence::DocumentUnreadable
        | Sentence::Escalated
        | Sentence::RequestClosed
        | Sentence::StopConfirmed
        | Sentence::StartConfirmed
        | Sentence::LanguageSet
        | Sentence::CallingUnavailable
        | Sentence::ConsentPrompt
        | Sentence::ConsentGranted
        | Sentence::ConsentDenied
        | Sentence::ConsentReminder
        | Sentence::CallFailed
        | Sentence::ButtonYes
        | Sentence::ButtonNo
        | Sentence::ButtonInStock
        | Sentence::ButtonOutOfStock => {}
    }
    set
}

/// Whether a value is there, and the value.
fn optional(set: &mut FluentArgs<'_>, (flag, name): (&'static str, &'static str), value: Option<String>) {
    set.set(flag, if value.is_some() { "yes" } else { "no" });
    set.set(name, FluentValue::from(value.unwrap_or_default()));
}

/// What someone else wrote, on one line and within bounds, without what its reader would not see.
fn quoted(text: &str) -> String {
    let shown = look::printable(text);
    shorten(&shown.split_whitespace().collect::<Vec<_>>().join(" "), ARGUMENT_MAX)
}

fn list(lines: &[String]) -> String {
    // Five lines and the sentence around them stay below a text with buttons.
    let line = |text: &String| format!("• {}", shorten(&quoted(text), ARGUMENT_MAX / 3));
    lines.iter().take(LIST_MAX).map(line).collect::<Vec<_>>().join("\n")
}

/// As [`list`], each line with the number to answer with.
fn numbered(lines: &[String]) -> String {
    let line = |(at, text): (usize, &String)| format!("{at}. {}", shorten(&quoted(text), ARGUMENT_MAX / 3));
    (1..).zip(lines).take(LIST_MAX).map(line).collect::<Vec<_>>().join("\n")
}

fn usual_questions(language: Language) -> String {
    write(bundle(language), "vendor-questions", &FluentArgs::new())
}

/// A number as English writes it, `3,500.5`, with the marks of the language: to a Brazilian `3,500` is three and a
/// half. Digits stay ASCII, which every reader of Arabic knows as well.
fn number(language: Language, english: &str) -> String {
    let (thousands, decimals) = match language {
        Language::En | Language::Es | Language::Sw | Language::Ar => (',', '.'),
        Language::Pt => ('.', ','),
        Language::Fr => ('\u{a0}', ','),
    };
    let mark = |c| match c {
        ',' => thousands,
        '.' => decimals,
        other => other,
    };
    english.chars().map(mark).collect()
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "catalogue_locales_tests.rs"]
mod locales_tests;

#[cfg(test)]
#[path = "catalogue_reading_tests.rs"]
mod reading_tests;
