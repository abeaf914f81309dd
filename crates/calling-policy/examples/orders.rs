//! Plays random orders of events, with repetitions and delays, against the three state machines, and checks that every
//! order of the same events ends up the same.
//!
//! `cargo run --release -p calling-policy --example orders -- --count 1000000 [--seed 1]`

use std::{collections::BTreeMap, process::ExitCode};

use calling_policy::{
    Attempt, AttemptEvent, AttemptFollow, Chat, Consent, ConsentEvent, ConsentKey, EndReason, FailCode,
    Permission, PermissionEvent, PermissionRead, PermissionReply, PermissionResponse, Phase, Rule, Scope,
    Terminated, Withdrawal,
};
use marketplace::{ContactId, MessageId, RequestId, SeededIds, Timestamp};

/// A small generator: the runs must repeat themselves, nothing more.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Within eight seconds, to the millisecond: ties are frequent.
    fn moment(&mut self) -> Timestamp {
        let ms = i64::try_from(self.below(8_000)).unwrap_or(0);
        Timestamp::from_millis(1_790_000_000_000 + ms)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let n = u64::try_from(from.len()).unwrap_or(0).max(1);
        from.get(usize::try_from(self.below(n)).unwrap_or(0)).copied()
    }

    /// The same events in another order, some of them twice.
    fn another_order<T: Copy>(&mut self, events: &[T]) -> Vec<T> {
        let mut other = events.to_vec();
        for event in events {
            if self.below(4) == 0 {
                other.push(*event);
            }
        }
        for last in (1..other.len()).rev() {
            let with = usize::try_from(self.below(u64::try_from(last).unwrap_or(0) + 1)).unwrap_or(0);
            other.swap(last, with);
        }
        other
    }
}

fn attempt_event(random: &mut Random) -> AttemptEvent {
    match random.below(15) {
        0 => AttemptEvent::Dialling,
        1 => AttemptEvent::DialUnknown,
        2 => {
            AttemptEvent::DialFailed(if random.coin() { FailCode::NotSent } else { FailCode::Meta(138_006) })
        }
        3 => AttemptEvent::Refused(random.pick(Rule::ALL).unwrap_or(Rule::QuietHours)),
        4 => AttemptEvent::Cancelled,
        5 => AttemptEvent::Placed,
        6 => AttemptEvent::RingLimit,
        7 => AttemptEvent::HangUp,
        8 => AttemptEvent::GivenUp,
        9 => AttemptEvent::Connect,
        10 => AttemptEvent::Ringing,
        11 => AttemptEvent::Accepted,
        12 => AttemptEvent::Rejected,
        13 => AttemptEvent::HungUp,
        _ => AttemptEvent::Terminated(Terminated {
            talked: random.coin(),
            failed: random.coin(),
            error: random.pick(&[None, Some(138_021), Some(138_023)]).flatten(),
        }),
    }
}

/// Plays one order; `Err` says which promise broke.
fn play_attempt(events: &[(AttemptEvent, Timestamp)]) -> Result<Attempt, &'static str> {
    let mut attempt = Attempt::intent(Timestamp::from_seconds(1_790_000_000));
    let mut fallbacks = 0;
    for (event, at) in events {
        let step = attempt.apply(*event, *at, Chat::Open);
        if !attempt.is_live() && step.next.is_live() {
            return Err("an attempt that had ended went on");
        }
        fallbacks += step.follows.iter().filter(|follow| **follow == AttemptFollow::SendFallback).count();
        attempt = step.next;
    }
    let is_owed = attempt.end_reason().is_some_and(EndReason::needs_fallback);
    if fallbacks > 1 || (is_owed && fallbacks == 0) {
        return Err("the fallback was not said exactly once");
    }
    Ok(attempt)
}

fn check_attempt(random: &mut Random) -> Result<Phase, String> {
    let events: Vec<_> = (0..=random.below(9)).map(|_| (attempt_event(random), random.moment())).collect();
    let other = random.another_order(&events);
    let fails = |why: &str| format!("{why}: {events:?} and {other:?}");
    let one = play_attempt(&events).map_err(fails)?;
    let two = play_attempt(&other).map_err(fails)?;
    let class = |attempt: &Attempt| {
        (attempt.phase(), attempt.pickup(), attempt.is_missed(), attempt.dialled_at(), attempt.connected_at())
    };
    if class(&one) == class(&two) { Ok(one.phase()) } else { Err(fails("two orders, two ends")) }
}

struct People {
    asked: Consent,
    contact: ContactId,
    stranger: ContactId,
    prompt: MessageId,
    other_prompt: MessageId,
}

impl People {
    fn new() -> Self {
        let ids = SeededIds::new(1);
        let (contact, prompt) = (ContactId::generate(&ids), MessageId::generate(&ids));
        let key = (ConsentKey::Callee, Scope::CallVendor);
        let at = Timestamp::from_seconds(1_790_000_002);
        let asked = Consent::requested(RequestId::generate(&ids), contact, prompt, key, at);
        let (stranger, other_prompt) = (ContactId::generate(&ids), MessageId::generate(&ids));
        Self { asked, contact, stranger, prompt, other_prompt }
    }

    fn event(&self, random: &mut Random) -> ConsentEvent {
        let by = if random.below(8) == 0 { self.stranger } else { self.contact };
        match random.below(8) {
            0 => ConsentEvent::GivenElsewhere { by },
            1 => ConsentEvent::Withdrawn { by, how: Withdrawal::ByPerson },
            2 => ConsentEvent::RequestEnded,
            _ => ConsentEvent::Answer {
                by,
                prompt: if random.below(4) == 0 { self.other_prompt } else { self.prompt },
                yes: random.coin(),
                meta_until: random.coin().then(|| random.moment()),
            },
        }
    }

    fn check(&self, random: &mut Random) -> Result<(), String> {
        let events: Vec<_> = (0..=random.below(7)).map(|_| (self.event(random), random.moment())).collect();
        let other = random.another_order(&events);
        let now = Timestamp::from_seconds(1_790_000_004);
        let fold = |events: &[(ConsentEvent, Timestamp)]| {
            events.iter().fold(self.asked, |consent, (event, at)| consent.apply(*event, *at, now).next)
        };
        if fold(&events) == fold(&other) { Ok(()) } else { Err(format!("consent: {events:?} and {other:?}")) }
    }
}

fn permission_event(random: &mut Random) -> PermissionEvent {
    match random.below(5) {
        0 => PermissionEvent::NotApproved,
        1 => PermissionEvent::Read(PermissionRead {
            at: random.moment(),
            can_start_call: random.coin(),
            says_permanent: random.coin(),
            expires_at: random.coin().then(|| random.moment()),
            call_limit: None,
        }),
        _ => PermissionEvent::Reply(PermissionReply {
            response: if random.coin() { PermissionResponse::Accept } else { PermissionResponse::Reject },
            is_permanent: random.coin().then(|| random.coin()),
            expires_at: random.coin().then(|| random.moment()),
            automatic: random.coin(),
        }),
    }
}

fn check_permission(random: &mut Random) -> Result<(), String> {
    let events: Vec<_> = (0..=random.below(7)).map(|_| (permission_event(random), random.moment())).collect();
    let other = random.another_order(&events);
    let now = Timestamp::from_seconds(1_790_000_004);
    let fold = |events: &[(PermissionEvent, Timestamp)]| {
        events.iter().fold(Permission::default(), |known, (event, at)| known.apply(*event, *at, now).next)
    };
    if fold(&events) == fold(&other) { Ok(()) } else { Err(format!("permission: {events:?} and {other:?}")) }
}

/// The number after an option, or its default.
fn option(arguments: &[String], name: &str, default: u64) -> Option<u64> {
    match arguments.iter().position(|argument| argument == name) {
        None => Some(default),
        Some(at) => arguments.get(at + 1)?.parse().ok(),
    }
}

fn run(count: u64, seed: u64) -> Result<BTreeMap<String, u64>, String> {
    let (mut random, people) = (Random(seed), People::new());
    let mut ends = BTreeMap::new();
    for _ in 0..count {
        let phase = check_attempt(&mut random)?;
        people.check(&mut random)?;
        check_permission(&mut random)?;
        let name = match phase {
            Phase::Ended(reason) => format!("ended ({})", reason.code()),
            phase => phase.code().to_owned(),
        };
        *ends.entry(name).or_insert(0) += 1;
    }
    Ok(ends)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(count), Some(seed)) =
        (option(&arguments, "--count", 1_000_000), option(&arguments, "--seed", 1))
    else {
        eprintln!("usage: orders [--count N] [--seed N]");
        return ExitCode::from(2);
    };
    match run(count, seed) {
        Ok(ends) => {
            println!(
                "{count} orders of each machine, seed {seed}: every order of the same events ended the same"
            );
            for (phase, times) in ends {
                println!("{times:>9}  {phase}");
            }
            ExitCode::SUCCESS
        }
        Err(broken) => {
            eprintln!("{broken}");
            ExitCode::FAILURE
        }
    }
}
