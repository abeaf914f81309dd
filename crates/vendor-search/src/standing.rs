//! Where a vendor stands in the order, and why.

use std::cmp::Ordering;

use marketplace::{Language, Timestamp};

use crate::Openness;

/// How many first messages a vendor gets in 24 hours, unless the operator says otherwise.
pub const INQUIRIES_PER_DAY_MAX_DEFAULT: u32 = 10;

/// What a vendor without a rating counts as, of 5: a new one neither wins nor loses by it.
const RATING_UNKNOWN: f64 = 3.5;
/// What a rating of 5 weighs in the score.
const RATING_WEIGHT: f64 = 0.45;
/// What answering every time weighs.
const HISTORY_WEIGHT: f64 = 0.35;
/// What being next door weighs.
const DISTANCE_WEIGHT: f64 = 0.2;
/// At this distance, in kilometres, half of that is left.
const HALF_DISTANCE_KM: f64 = 5.0;
/// A vendor whom nobody asked yet counts as one who answered three of four.
const PRIOR_ANSWERED: f64 = 3.0;
const PRIOR_ASKED: f64 = 4.0;
/// From so many on, a history says something in words.
const HISTORY_TELLS: u32 = 5;

/// How a vendor answered lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// Inquiries that were answered or whose time is over.
    pub asked: u32,
    /// Those that were answered, with yes or no.
    pub answered: u32,
}

/// The share of inquiries that a vendor may be expected to answer, 0 to 1: what happened, drawn towards three of four
/// while little has happened.
pub fn reliability(history: History) -> f64 {
    let answered = f64::from(history.answered.min(history.asked));
    (answered + PRIOR_ANSWERED) / (f64::from(history.asked) + PRIOR_ASKED)
}

/// What is known of a vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Whether the vendor agreed to be asked.
    pub accepts_inquiries: bool,
    /// Whether the vendor said STOP or was erased, or the number must not be written to.
    pub opted_out: bool,
    /// Whether the vendor was asked for this request already.
    pub contacted: bool,
    /// The languages the vendor reads.
    pub languages: Vec<Language>,
    /// 0 to 5.
    pub rating: Option<f64>,
    /// Answers lately.
    pub history: History,
    /// First messages in the last 24 hours.
    pub asked_today: u32,
    /// Kilometres from the client, where both places are known.
    pub distance_km: Option<f64>,
    /// Whether the shop is open.
    pub openness: Openness,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted<'a> {
    /// Reads one of these; empty: any.
    pub languages: &'a [Language],
    /// Rated at least this, of 5.
    pub min_rating: Option<f64>,
    /// No farther than this, in kilometres.
    pub max_distance_km: Option<f64>,
    /// First messages to one vendor in 24 hours.
    pub inquiries_per_day_max: u32,
}

/// A reason, for or against.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[strum(serialize_all = "snake_case")]
pub enum Why {
    /// It is in the category.
    Category,
    /// The distance to the client is known.
    Near,
    /// Reads a language that was asked for.
    Language,
    /// Has the rating that was asked for.
    Rating,
    /// Open now.
    Open,
    /// Answers nine of ten, of five at least.
    Reliable,
    /// Nobody asked it lately.
    New,
    /// Answers less than half, of five at least.
    SeldomAnswers,
    /// Closed now: it is asked after all that are open, and hears of it when it opens.
    Closed,
    /// Asked for this request already.
    Contacted,
    /// Did not agree to be asked: never asked.
    NotAccepting,
    /// Said STOP, or was erased: left out.
    OptedOut,
    /// Had its first messages of the day: left out until some are a day old.
    Tired,
    /// Reads none of the languages: left out.
    OtherLanguage,
    /// Rated less, or not at all: left out.
    LowRating,
    /// Farther than the limit: left out.
    TooFar,
    /// A limit of distance was given, and one of the two places is not known: left out.
    PlaceUnknown,
}

/// Where a vendor stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// What it is left out for; `None`: it is in the order.
    pub left_out: Option<Why>,
    /// What speaks for it and against it, in a fixed order.
    pub why: Vec<Why>,
    /// 0 to 1: rating, history and distance together.
    pub score: f64,
    rank: Rank,
}

/// What counts before the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    contacted: bool,
    not_accepting: bool,
    opens_at: Option<Timestamp>,
}

impl Standing {
    /// The one to be asked first is less. Equal ones are told apart by the caller, by an id.
    pub fn order(&self, other: &Self) -> Ordering {
        let left_out = self.left_out.is_some().cmp(&other.left_out.is_some());
        left_out.then(self.rank.cmp(&other.rank)).then(other.score.total_cmp(&self.score))
    }

    /// When it opens, if it is closed now.
    pub const fn opens_at(&self) -> Option<Timestamp> {
        self.rank.opens_at
    }
}

/// Judges one vendor.
pub fn judge(candidate: &Candidate, wanted: &Wanted<'_>) -> Standing {
    let opens_at = match candidate.openness {
        Openness::ClosedUntil(opens_at) => Some(opens_at),
        Openness::Open | Openness::Unknown => None,
    };
    let speaks = candidate.languages.iter().any(|language| wanted.languages.contains(language));
    let History { asked, answered } = candidate.history;
    let tells = asked >= HISTORY_TELLS;
    let left_out = left_out(candidate, wanted, speaks);
    let reasons = [
        (Why::Category, true),
        (Why::Near, candidate.distance_km.is_some()),
        (Why::Language, speaks),
        (Why::Rating, wanted.min_rating.is_some() && left_out != Some(Why::LowRating)),
        (Why::Open, candidate.openness == Openness::Open),
        (Why::Reliable, tells && u64::from(answered) * 10 >= u64::from(asked) * 9),
        (Why::New, asked == 0),
        (Why::SeldomAnswers, tells && u64::from(answered) * 2 < u64::from(asked)),
        (Why::Closed, opens_at.is_some()),
        (Why::Contacted, candidate.contacted),
        (Why::NotAccepting, !candidate.accepts_inquiries),
    ];
    let why = reasons.into_iter().filter(|(_, holds)| *holds).map(|(why, _)| why);
    Standing {
        why: why.chain(left_out).collect(),
        left_out,
        score: score(candidate),
        rank: Rank { contacted: candidate.contacted, not_accepting: !candidate.accepts_inquiries, opens_at },
    }
}

fn left_out(candidate: &Candidate, wanted: &Wanted<'_>, speaks: bool) -> Option<Why> {
    let is_rated = |least: f64| candidate.rating.is_some_and(|rating| rating >= least);
    if candidate.opted_out {
        return Some(Why::OptedOut);
    }
    if !wanted.languages.is_empty() && !speaks {
        return Some(Why::OtherLanguage);
    }
    if wanted.min_rating.is_some_and(|least| !is_rated(least)) {
        return Some(Why::LowRating);
    }
    match (wanted.max_distance_km, candidate.distance_km) {
        (Some(_), None) => return Some(Why::PlaceUnknown),
        (Some(limit), Some(distance)) if distance > limit => return Some(Why::TooFar),
        _ => {}
    }
    (!candidate.contacted && candidate.asked_today >= wanted.inquiries_per_day_max).then_some(Why::Tired)
}

fn score(candidate: &Candidate) -> f64 {
    let rating = candidate.rating.unwrap_or(RATING_UNKNOWN).clamp(0.0, 5.0) / 5.0;
    let near = candidate.distance_km.map_or(0.0, |km| HALF_DISTANCE_KM / (HALF_DISTANCE_KM + km.max(0.0)));
    let history = reliability(candidate.history);
    RATING_WEIGHT.mul_add(rating, HISTORY_WEIGHT.mul_add(history, DISTANCE_WEIGHT * near))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::IntoEnumIterator as _;

    use super::*;

    const WANTED: Wanted<'static> = Wanted {
        languages: &[],
        min_rating: None,
        max_distance_km: None,
        inquiries_per_day_max: INQUIRIES_PER_DAY_MAX_DEFAULT,
    };

    fn candidate() -> Candidate {
        Candidate {
            accepts_inquiries: true,
            opted_out: false,
            contacted: false,
            languages: vec![Language::En],
            rating: Some(4.0),
            history: History { asked: 10, answered: 7 },
            asked_today: 0,
            distance_km: Some(3.0),
            openness: Openness::Open,
        }
    }

    fn codes(candidate: &Candidate, wanted: &Wanted<'_>) -> String {
        let standing = judge(candidate, wanted);
        assert_eq!(standing.left_out.is_some(), standing.why.last().copied() == standing.left_out);
        standing.why.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_reason_is_said() {
        let closed = Openness::ClosedUntil(Timestamp::from_millis(1));
        let history = |asked, answered| History { asked, answered };
        let languages = Wanted { languages: &[Language::Sw, Language::En], ..WANTED };
        let only_french = Wanted { languages: &[Language::Fr], ..WANTED };
        let rated = Wanted { min_rating: Some(4.5), ..WANTED };
        let within = Wanted { max_distance_km: Some(2.0), ..WANTED };
        let plain = candidate;
        for (candidate, wanted, expected) in [
            (plain(), WANTED, "category near open"),
            (Candidate { distance_km: None, openness: Openness::Unknown, ..plain() }, WANTED, "category"),
            (plain(), languages, "category near language open"),
            (Candidate { rating: Some(4.5), ..plain() }, rated, "category near rating open"),
            (Candidate { history: history(10, 9), ..plain() }, WANTED, "category near open reliable"),
            (Candidate { history: history(4, 4), ..plain() }, WANTED, "category near open"),
            (Candidate { history: history(0, 0), ..plain() }, WANTED, "category near open new"),
            (Candidate { history: history(5, 2), ..plain() }, WANTED, "category near open seldom_answers"),
            (Candidate { openness: closed, ..plain() }, WANTED, "category near closed"),
            (Candidate { contacted: true, ..plain() }, WANTED, "category near open contacted"),
            (Candidate { accepts_inquiries: false, ..plain() }, WANTED, "category near open not_accepting"),
            (Candidate { opted_out: true, ..plain() }, WANTED, "category near open opted_out"),
            (Candidate { asked_today: 10, ..plain() }, WANTED, "category near open tired"),
            (
                Candidate { asked_today: 10, contacted: true, ..plain() },
                WANTED,
                "category near open contacted",
            ),
            (plain(), only_french, "category near open other_language"),
            (plain(), rated, "category near open low_rating"),
            (Candidate { rating: None, ..plain() }, rated, "category near open low_rating"),
            (plain(), within, "category near open too_far"),
            (Candidate { distance_km: None, ..plain() }, within, "category open place_unknown"),
        ] {
            assert_eq!(codes(&candidate, &wanted), expected);
        }
        assert_eq!(Why::iter().count(), 17);
    }

    /// Who was left out, asked before, does not want to be asked or is closed comes later, in this order of importance.
    #[test]
    fn what_counts_before_the_score() {
        let soon = Openness::ClosedUntil(Timestamp::from_millis(1));
        let later = Openness::ClosedUntil(Timestamp::from_millis(2));
        let good =
            || Candidate { rating: Some(5.0), history: History { asked: 50, answered: 50 }, ..candidate() };
        let in_order = [
            candidate(),
            Candidate { openness: soon, ..good() },
            Candidate { openness: later, ..good() },
            Candidate { accepts_inquiries: false, ..good() },
            Candidate { contacted: true, ..good() },
            Candidate { opted_out: true, ..good() },
        ];
        for pair in in_order.windows(2) {
            let (first, second) = (judge(&pair[0], &WANTED), judge(&pair[1], &WANTED));
            assert_eq!(first.order(&second), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn a_new_vendor_is_asked_before_one_who_answers_seldom() {
        let new = Candidate { history: History::default(), ..candidate() };
        let seldom = Candidate { history: History { asked: 50, answered: 30 }, ..candidate() };
        let always = Candidate { history: History { asked: 50, answered: 50 }, ..candidate() };
        let order = |a: &Candidate, b: &Candidate| judge(a, &WANTED).order(&judge(b, &WANTED));
        assert_eq!(order(&new, &seldom), Ordering::Less);
        assert_eq!(order(&always, &new), Ordering::Less);
        // Without a rating, too.
        let unrated = Candidate { rating: None, ..new };
        assert_eq!(order(&unrated, &Candidate { rating: Some(2.5), ..candidate() }), Ordering::Less);
    }

    proptest! {
        #[test]
        fn a_better_vendor_never_stands_lower(
            rating in proptest::option::of(0.0..=5.0_f64), more in 0.0..=5.0_f64,
            asked in 0..60_u32, share in 0.0..=1.0_f64, km in 0.0..=20_000.0_f64, nearer in 0.0..=1.0_f64,
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 60")]
            let answered = (f64::from(asked) * share) as u32;
            let base = Candidate {
                rating, history: History { asked, answered }, distance_km: Some(km), ..candidate()
            };
            let score = |candidate: &Candidate| judge(candidate, &WANTED).score;
            prop_assert!((0.0..=1.0).contains(&score(&base)));
            let with = |history| score(&Candidate { history, ..base.clone() });
            let is = score(&base);
            let rated = rating.map(|rating| (rating + more).min(5.0));
            let rated = score(&Candidate { rating: rated, ..base.clone() });
            let one_more_answered = with(History { asked, answered: (answered + 1).min(asked) });
            let asked_and_answered = with(History { asked: asked + 1, answered: answered + 1 });
            let asked_in_vain = with(History { asked: asked + 1, answered });
            let near = score(&Candidate { distance_km: Some(km * nearer), ..base.clone() });
            prop_assert!(rated >= is && one_more_answered >= is && asked_and_answered >= is && near >= is);
            prop_assert!(asked_in_vain <= is);
        }
    }
}
