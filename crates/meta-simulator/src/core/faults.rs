//! What goes wrong, when, for whom. Decisions depend on the seed and the message, never on timing.

use super::CallAction;
use crate::{phone, wire};

/// Everything that goes wrong in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Faults of sends. The first rule that strikes wins.
    pub sends: Vec<Rule<SendFault>>,
    /// Faults of webhooks. All rules that strike add up.
    pub webhooks: Vec<Rule<WebhookFault>>,
    /// Faults of requests about calls. The first rule of the same action that strikes wins.
    pub calls: Vec<Rule<CallFault>>,
    /// Oddities of pictures that people send. The first rule that strikes wins.
    pub media: Vec<Rule<MediaFault>>,
}

impl FaultPlan {
    /// Adds a fault of sends.
    #[must_use]
    pub fn send(mut self, target: Target, fault: SendFault) -> Self {
        self.sends.push(Rule { target, fault });
        self
    }

    /// Adds a fault of webhooks.
    #[must_use]
    pub fn webhook(mut self, target: Target, fault: WebhookFault) -> Self {
        self.webhooks.push(Rule { target, fault });
        self
    }

    /// Adds an oddity of pictures: `n` in the target counts the pictures of the person.
    #[must_use]
    pub fn medium(mut self, target: Target, fault: MediaFault) -> Self {
        self.media.push(Rule { target, fault });
        self
    }

    /// Adds a fault of requests about calls: `n` in the target counts requests of this action.
    #[must_use]
    pub fn call(mut self, action: CallAction, target: Target, fault: SendFault) -> Self {
        self.calls.push(Rule { target, fault: CallFault { action, fault } });
        self
    }
}

/// A fault and what it strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule<F> {
    /// What it strikes.
    pub target: Target,
    /// What goes wrong.
    pub fault: F,
}

/// What a fault strikes: everything, narrowed by each setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Only this person, number with or without `+`.
    pub phone: Option<String>,
    /// Only webhooks of this kind. Without meaning for requests.
    pub webhook: Option<WebhookKind>,
    /// Which of those left, in order of occurrence.
    pub which: Which,
    /// How likely each of those left is struck, 0 to 100.
    pub percent: u8,
}

impl Target {
    /// Everything, always.
    pub fn all() -> Self {
        Self { phone: None, webhook: None, which: Which::All, percent: 100 }
    }

    /// Only this person.
    #[must_use]
    pub fn phone(mut self, phone: &str) -> Self {
        self.phone = Some(phone.to_owned());
        self
    }

    /// Only webhooks of this kind.
    #[must_use]
    pub fn kind(mut self, kind: WebhookKind) -> Self {
        self.webhook = Some(kind);
        self
    }

    /// Only the first `count`.
    #[must_use]
    pub fn first(mut self, count: u32) -> Self {
        self.which = Which::First(count);
        self
    }

    /// Only the n-th, counted from 1.
    #[must_use]
    pub fn nth(mut self, n: u32) -> Self {
        self.which = Which::Nth(n);
        self
    }

    /// Only this share, 0 to 100.
    #[must_use]
    pub fn percent(mut self, percent: u8) -> Self {
        self.percent = percent;
        self
    }
}

/// Which occurrences a fault strikes. Each rule counts what matches its number and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Every one.
    All,
    /// The first so many.
    First(u32),
    /// This one alone, counted from 1.
    Nth(u32),
}

/// What goes wrong with which requests about calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFault {
    /// The requests.
    pub action: CallAction,
    /// What goes wrong: as for a send, with a call in the place of the message. [`SendFault::FailLater`] is a call that
    /// breaks before anybody hears it ring; for a look-up it is a refusal.
    pub fault: SendFault,
}

/// What is odd about a picture once it is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaFault {
    /// The first address is over: 404.
    ExpiredAddress,
    /// The address is on a host that must not see the token.
    ForeignHost,
    /// The digest is another file's.
    WrongDigest,
    /// So many bytes come instead, whatever was said of the size, and without a length.
    Bytes(u64),
    /// One byte comes every 200 ms, real time, without an end.
    Drip,
}

/// What goes wrong with a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFault {
    /// Refused before any effect with this code: 130429 throughput, 131056 pair rate, any other.
    Refuse {
        /// Meta's error code.
        code: u32,
    },
    /// HTTP 500 and nothing was accepted.
    ServerErrorBeforeAccepting,
    /// HTTP 500 although the message was accepted and goes out.
    ServerErrorAfterAccepting,
    /// Accepted, but no answer until the client gives up (see [`crate::Config::hold_answer_ms`]).
    HoldAnswer,
    /// Accepted, but the connection closes without an answer.
    CloseConnection,
    /// Accepted and answered; a `failed` status follows.
    FailLater {
        /// Meta's error code in the status.
        code: u32,
    },
    /// Accepted and answered, but late: webhooks may come before.
    SlowAnswer {
        /// Real milliseconds.
        ms: u64,
    },
}

/// What goes wrong with a webhook. Nothing is lost for good but by [`WebhookFault::Lose`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookFault {
    /// Posted so many times more, byte for byte.
    Duplicate {
        /// How many copies beside the first.
        copies: u32,
        /// All at the same time, or one after the other.
        concurrent: bool,
    },
    /// Comes late.
    Delay {
        /// Real milliseconds.
        ms: u64,
    },
    /// Comes at a drawn moment within the window, so that neighbours overtake one another.
    Reorder {
        /// Real milliseconds.
        window_ms: u64,
    },
    /// The first attempt never arrives; the retry does.
    DropFirstAttempt,
    /// Never arrives.
    Lose,
    /// Comes late by the simulator's clock: a `connect` after its `terminate`, for example. For webhooks of calls and
    /// permissions alone.
    Postpone {
        /// Milliseconds of the simulator's clock.
        clock_ms: i64,
    },
    /// Comes in a shape that Meta's samples show beside the usual one.
    Odd(Oddity),
}

/// Shapes that Meta's samples show beside the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// `Completed` for `COMPLETED`, on calls and statuses.
    MixedCaseStatus,
    /// The status of a call in a list.
    StatusArray,
    /// `from` and `to` of a call the wrong way round.
    SwapFromTo,
    /// Neither `from` nor `to` on a call.
    NoFromTo,
    /// Times as numbers in place of texts.
    NumericTimes,
    /// A message without its `type`.
    NoType,
    /// `a=setup:actpass` in a media answer, where the standard forbids it.
    ActpassAnswer,
}

/// What a webhook is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookKind {
    /// Something a person sent.
    Message,
    /// What became of a message of ours.
    Status,
    /// A person's word on whether we may call.
    Permission,
    /// The `connect` of a call.
    CallConnect,
    /// A call of ours rings, is accepted, is rejected.
    CallStatus,
    /// The `terminate` of a call.
    CallEnd,
    /// Any other event of a call.
    CallNews,
}

/// Something a fault may strike.
pub(super) struct Subject<'a> {
    pub digits: &'a str,
    pub kind: Option<WebhookKind>,
    /// What chance is drawn from: the same in every run.
    pub key: &'a str,
}

/// A plan with its counters.
#[derive(Debug, Default)]
pub(super) struct Faults {
    plan: FaultPlan,
    seed: u64,
    send_counts: Vec<u32>,
    webhook_counts: Vec<u32>,
    call_counts: Vec<u32>,
    media_counts: Vec<u32>,
}

impl Faults {
    pub(super) fn new(plan: FaultPlan, seed: u64) -> Self {
        let counts = |rules: usize| vec![0; rules];
        Self {
            send_counts: counts(plan.sends.len()),
            webhook_counts: counts(plan.webhooks.len()),
            call_counts: counts(plan.calls.len()),
            media_counts: counts(plan.media.len()),
            plan,
            seed,
        }
    }

    /// The fault of this send, if any. Counts in every rule, also behind the one that strikes.
    pub(super) fn of_send(&mut self, subject: &Subject<'_>) -> Option<SendFault> {
        let rules = self.plan.sends.iter().zip(&mut self.send_counts).enumerate();
        let struck = rules.filter_map(|(index, (rule, count))| {
            strikes(&rule.target, subject, count, self.seed, index).then_some(rule.fault)
        });
        struck.collect::<Vec<_>>().first().copied()
    }

    /// The fault of this request about a call, if any. Rules of other actions do not count it.
    pub(super) fn of_call(&mut self, action: CallAction, digits: &str, key: &str) -> Option<SendFault> {
        let subject = Subject { digits, kind: None, key };
        let rules = self.plan.calls.iter().zip(&mut self.call_counts).enumerate();
        let struck = rules.filter(|(_, (rule, _))| rule.fault.action == action).filter_map(
            |(index, (rule, count))| {
                strikes(&rule.target, &subject, count, self.seed, 2_000 + index).then_some(rule.fault.fault)
            },
        );
        struck.collect::<Vec<_>>().first().copied()
    }

    /// The oddity of this picture, if any.
    pub(super) fn of_medium(&mut self, subject: &Subject<'_>) -> Option<MediaFault> {
        let rules = self.plan.media.iter().zip(&mut self.media_counts).enumerate();
        let struck = rules.filter_map(|(index, (rule, count))| {
            strikes(&rule.target, subject, count, self.seed, 3_000 + index).then_some(rule.fault)
        });
        struck.collect::<Vec<_>>().first().copied()
    }

    /// All faults of this webhook.
    pub(super) fn of_webhook(&mut self, subject: &Subject<'_>) -> Vec<WebhookFault> {
        let rules = self.plan.webhooks.iter().zip(&mut self.webhook_counts).enumerate();
        let struck = rules.filter_map(|(index, (rule, count))| {
            strikes(&rule.target, subject, count, self.seed, 1_000 + index).then_some(rule.fault)
        });
        struck.collect()
    }

    /// A moment within a window, drawn for this subject.
    pub(super) fn moment(&self, key: &str, window_ms: u64) -> u64 {
        wire::draw(&[b"moment", &self.seed.to_be_bytes(), key.as_bytes()]) % window_ms.max(1)
    }
}

fn strikes(target: &Target, subject: &Subject<'_>, count: &mut u32, seed: u64, rule: usize) -> bool {
    let same_person = target.phone.as_deref().is_none_or(|phone| phone::digits(phone) == subject.digits);
    let same_kind = target.webhook.is_none() || subject.kind.is_none() || target.webhook == subject.kind;
    if !(same_person && same_kind) {
        return false;
    }
    *count = count.saturating_add(1);
    let its_turn = match target.which {
        Which::All => true,
        Which::First(first) => *count <= first,
        Which::Nth(n) => *count == n,
    };
    let rule = (rule as u64).to_be_bytes();
    let drawn = wire::draw(&[b"chance", &seed.to_be_bytes(), &rule, subject.key.as_bytes()]) % 100;
    its_turn && drawn < u64::from(target.percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(target: Target, phones: &[&str], seed: u64) -> Vec<bool> {
        let mut faults = Faults::new(FaultPlan::default().send(target, SendFault::HoldAnswer), seed);
        let mut strike = |(n, digits): (usize, &&str)| {
            let key = format!("{digits}/{n}");
            faults.of_send(&Subject { digits, kind: None, key: &key }).is_some()
        };
        phones.iter().enumerate().map(&mut strike).collect()
    }

    #[test]
    fn targets_narrow_by_person_and_occurrence() {
        let phones = ["254700000101", "254700000102", "254700000101", "254700000101"];
        let cases = [
            (Target::all(), [true, true, true, true]),
            (Target::all().first(2), [true, true, false, false]),
            (Target::all().nth(3), [false, false, true, false]),
            (Target::all().phone("+254700000101"), [true, false, true, true]),
            (Target::all().phone("254700000101").nth(2), [false, false, true, false]),
            (Target::all().percent(0), [false; 4]),
        ];
        for (target, expected) in cases {
            assert_eq!(struck(target.clone(), &phones, 7), expected, "{target:?}");
        }
    }

    #[test]
    fn chance_follows_the_seed() {
        let phones = ["254700000101"; 64];
        let half = struck(Target::all().percent(50), &phones, 1);
        assert_eq!(half, struck(Target::all().percent(50), &phones, 1));
        assert_ne!(half, struck(Target::all().percent(50), &phones, 2));
        let hits = half.iter().filter(|&&hit| hit).count();
        assert!((16..=48).contains(&hits), "{hits}");
    }

    #[test]
    fn the_first_rule_that_strikes_wins_and_the_others_count_on() {
        let plan = FaultPlan::default()
            .send(Target::all().nth(1), SendFault::Refuse { code: 130_429 })
            .send(Target::all().first(2), SendFault::HoldAnswer);
        let mut faults = Faults::new(plan, 1);
        let subject = Subject { digits: "1", kind: None, key: "k" };
        assert_eq!(faults.of_send(&subject), Some(SendFault::Refuse { code: 130_429 }));
        assert_eq!(faults.of_send(&subject), Some(SendFault::HoldAnswer));
        assert_eq!(faults.of_send(&subject), None);
    }
}
