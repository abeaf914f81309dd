//! Facts with every key in hand, and one way to break each rule.

use std::time::Duration;

use marketplace::{
    ActorKind, CallAttemptId, ContactId, Control, IdSource as _, MessageId, RequestId, RequestState,
    SeededIds, Timestamp,
};

use crate::*;

/// 2026-09-21 14:13:20 UTC, 17:13:20 in Nairobi.
pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

pub(super) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) const fn mins(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// The people and things of the tests, always the same.
pub(super) struct World {
    pub(super) request: RequestId,
    pub(super) client: ContactId,
    pub(super) vendor: ContactId,
    pub(super) stranger: ContactId,
    pub(super) prompt: MessageId,
    pub(super) vendor_prompt: MessageId,
    pub(super) attempt: CallAttemptId,
}

pub(super) fn world() -> World {
    let ids = SeededIds::new(7);
    World {
        request: RequestId::generate(&ids),
        client: ContactId::generate(&ids),
        vendor: ContactId::generate(&ids),
        stranger: ContactId::generate(&ids),
        prompt: MessageId::generate(&ids),
        vendor_prompt: MessageId::generate(&ids),
        attempt: CallAttemptId::generate(&ids),
    }
}

/// Another id of an attempt.
pub(super) fn attempt_id(n: u64) -> CallAttemptId {
    CallAttemptId::from_uuid(SeededIds::new(1_000 + n).next_uuid())
}

pub(super) fn answer(by: ContactId, prompt: MessageId, yes: bool) -> ConsentEvent {
    ConsentEvent::Answer { by, prompt, yes, meta_until: None }
}

/// A consent asked an hour ago and given half an hour ago.
pub(super) fn granted(contact: ContactId, prompt: MessageId, key: ConsentKey, scope: Scope) -> Consent {
    let asked = Consent::requested(world().request, contact, prompt, (key, scope), NOW - mins(60));
    asked.apply(answer(contact, prompt, true), NOW - mins(30), NOW).next
}

pub(super) fn permission_until(until: Timestamp) -> Permission {
    let reply = PermissionReply {
        response: PermissionResponse::Accept,
        is_permanent: Some(false),
        expires_at: Some(until),
        automatic: false,
    };
    Permission::default().apply(PermissionEvent::Reply(reply), NOW - mins(30), NOW).next
}

pub(super) const fn read_yes(at: Timestamp) -> PermissionRead {
    PermissionRead {
        at,
        can_start_call: true,
        says_permanent: false,
        expires_at: Some(Timestamp::from_seconds(1_790_500_000)),
        call_limit: Some(CallLimit { max_allowed: 100, current_usage: 0, until: None }),
    }
}

fn request() -> RequestFacts {
    RequestFacts {
        id: world().request,
        state: RequestState::Sourcing,
        control: Control::Bot,
        control_epoch: 3,
        client: world().client,
        client_opted_out: false,
        prescription: false,
        urgency: Some(UrgencySource::ClientWords),
        client_wrote_at: Some(NOW - mins(40)),
        client_asked_call_at: Some(NOW - mins(20)),
        question_accepted_at: Some(NOW - mins(10)),
        shortlisted_at: None,
    }
}

fn callee(consent: Consent) -> CalleeFacts {
    CalleeFacts {
        phone_number_id: "300000000000001".parse().unwrap(),
        consent: Some(consent),
        permission: permission_until(NOW + mins(60)),
        zone: Some("Africa/Nairobi".to_owned()),
    }
}

fn with(callee: Callee, claim: Trigger) -> CallFacts {
    let world = world();
    CallFacts {
        switches: Switches {
            calling: true,
            outbound: true,
            breaker_open_until: None,
            restricted_until: None,
        },
        request: request(),
        caller: ActorKind::Orchestrator,
        stage: Stage::Decide,
        claim,
        authorisation: Some(granted(world.client, world.prompt, ConsentKey::Authorisation, Scope::Either)),
        callee,
        attempts: Vec::new(),
        quiet_hours: QuietHours::DEFAULT,
    }
}

/// A call to a vendor for which nothing is missing.
pub(super) fn vendor_call() -> CallFacts {
    let world = world();
    let consent = granted(world.vendor, world.vendor_prompt, ConsentKey::Callee, Scope::CallVendor);
    let vendor = VendorFacts {
        id: "v-001".parse().unwrap(),
        contact: world.vendor,
        opted_out: false,
        message_accepted_at: Some(NOW - mins(5)),
        reply: None,
    };
    with(Callee::Vendor(callee(consent), vendor), Trigger::UrgentNoReply)
}

/// A call to the client for which nothing is missing.
pub(super) fn client_call() -> CallFacts {
    let world = world();
    let consent = granted(world.client, world.prompt, ConsentKey::Callee, Scope::CallClient);
    with(Callee::Client(callee(consent)), Trigger::ClientAsked)
}

/// The same call at the moment of dialling.
pub(super) fn dialling(mut facts: CallFacts) -> CallFacts {
    let own = world().attempt;
    facts.attempts.push(PastAttempt {
        id: own,
        request: facts.request.id,
        callee: facts.callee_contact(),
        attempt: Attempt::intent(NOW - secs(2)),
    });
    let epoch = facts.request.control_epoch;
    facts.stage = Stage::Dial { attempt: own, epoch, read: read_yes(NOW - secs(1)), unrouted_event: false };
    facts
}

pub(super) fn callee_mut(facts: &mut CallFacts) -> &mut CalleeFacts {
    match &mut facts.callee {
        Callee::Client(callee) | Callee::Vendor(callee, _) => callee,
    }
}

pub(super) fn vendor_mut(facts: &mut CallFacts) -> &mut VendorFacts {
    match &mut facts.callee {
        Callee::Vendor(_, vendor) => vendor,
        Callee::Client(_) => panic!("a call to the client has no vendor"),
    }
}

pub(super) fn read_mut(facts: &mut CallFacts) -> &mut PermissionRead {
    match &mut facts.stage {
        Stage::Dial { read, .. } => read,
        Stage::Decide | Stage::Live { .. } => panic!("nothing was read"),
    }
}

pub(super) fn applied(attempt: Attempt, events: &[(AttemptEvent, Timestamp)]) -> Attempt {
    events.iter().fold(attempt, |attempt, (event, at)| attempt.apply(*event, *at, Chat::Open).next)
}

pub(super) const UNANSWERED: Terminated = Terminated { talked: false, failed: false, error: None };
pub(super) const TALKED: Terminated = Terminated { talked: true, failed: false, error: None };

/// A call dialled at `at` that rang and was not answered.
pub(super) fn missed(at: Timestamp) -> Attempt {
    let events = [
        (AttemptEvent::Dialling, at),
        (AttemptEvent::Ringing, at + secs(2)),
        (AttemptEvent::Terminated(UNANSWERED), at + secs(40)),
    ];
    applied(Attempt::intent(at), &events)
}

/// A call dialled at `at`, answered and over.
pub(super) fn completed(at: Timestamp) -> Attempt {
    let events = [
        (AttemptEvent::Dialling, at),
        (AttemptEvent::Accepted, at + secs(5)),
        (AttemptEvent::Terminated(TALKED), at + secs(60)),
    ];
    applied(Attempt::intent(at), &events)
}

/// Adds a past attempt of this request to whoever is called now.
pub(super) fn add(facts: &mut CallFacts, n: u64, attempt: Attempt) {
    let (request, callee) = (facts.request.id, facts.callee_contact());
    facts.attempts.push(PastAttempt { id: attempt_id(n), request, callee, attempt });
}

/// Adds a past attempt of another request to whoever is called now.
pub(super) fn add_elsewhere(facts: &mut CallFacts, n: u64, attempt: Attempt) {
    let request = RequestId::from_uuid(SeededIds::new(2_000 + n).next_uuid());
    let callee = facts.callee_contact();
    facts.attempts.push(PastAttempt { id: attempt_id(n), request, callee, attempt });
}

/// Adds a past attempt of this request to somebody else.
pub(super) fn add_to_stranger(facts: &mut CallFacts, n: u64, attempt: Attempt) {
    let request = facts.request.id;
    facts.attempts.push(PastAttempt { id: attempt_id(n), request, callee: world().stranger, attempt });
}

/// Breaks exactly this rule in facts of [`Stage::Dial`] about a vendor call.
pub(super) fn break_rule(rule: Rule, facts: &mut CallFacts) {
    let world = world();
    match rule {
        Rule::CallingDisabled => facts.switches.calling = false,
        Rule::RequestClosed => facts.request.state = RequestState::Closed,
        Rule::RequestHandedOff => facts.request.state = RequestState::HandedOff,
        Rule::RequestInError => facts.request.state = RequestState::Error,
        Rule::ConsentRequired => facts.authorisation = None,
        Rule::ConsentExpired => {
            let ended = facts.authorisation.unwrap().apply(ConsentEvent::RequestEnded, NOW - secs(1), NOW);
            facts.authorisation = Some(ended.next);
        }
        Rule::ConsentScope => {
            facts.authorisation =
                Some(granted(world.client, world.prompt, ConsentKey::Authorisation, Scope::CallClient));
        }
        Rule::CalleeConsentRequired => callee_mut(facts).consent = None,
        Rule::CalleeConsentExpired => {
            let consent = callee_mut(facts).consent.unwrap();
            let ended = consent.apply(ConsentEvent::RequestEnded, NOW - secs(1), NOW);
            callee_mut(facts).consent = Some(ended.next);
        }
        Rule::PermissionMissing => read_mut(facts).can_start_call = false,
        Rule::PermissionExpired => read_mut(facts).expires_at = Some(NOW + secs(60)),
        Rule::PermissionUnread => read_mut(facts).at = NOW - secs(61),
        Rule::TriggerNotMet => facts.request.urgency = Some(UrgencySource::Concluded),
        Rule::CooldownActive => add_to_stranger(facts, 1, completed(NOW - mins(9))),
        // 23:13:20 there.
        Rule::QuietHours => callee_mut(facts).zone = Some("Asia/Tokyo".to_owned()),
        Rule::TimezoneUnknown => callee_mut(facts).zone = None,
        Rule::Prescription => facts.request.prescription = true,
        Rule::HumanControl => facts.request.control = Control::Human,
        Rule::ClientOptedOut => facts.request.client_opted_out = true,
        Rule::VendorOptedOut => vendor_mut(facts).opted_out = true,
        Rule::RedialCap => add(facts, 2, missed(NOW - mins(60))),
        Rule::CallInProgress => add_elsewhere(facts, 3, Attempt::intent(NOW - secs(1))),
        Rule::ConnectedCallLimit => {
            add_elsewhere(facts, 4, completed(NOW - mins(60)));
            read_mut(facts).call_limit = Some(CallLimit { max_allowed: 1, current_usage: 0, until: None });
        }
        Rule::CallingRestricted => facts.switches.restricted_until = Some(NOW + secs(1)),
        Rule::OutboundOff => facts.switches.outbound = false,
        Rule::BreakerOpen => facts.switches.breaker_open_until = Some(NOW + secs(1)),
        Rule::UnroutedEvent => {
            if let Stage::Dial { unrouted_event, .. } = &mut facts.stage {
                *unrouted_event = true;
            }
        }
    }
}

/// Rules of which at most one can fail at a time.
pub(super) const EXCLUSIVE: &[&[Rule]] = &[
    &[Rule::RequestClosed, Rule::RequestHandedOff, Rule::RequestInError],
    &[Rule::ConsentRequired, Rule::ConsentExpired, Rule::ConsentScope],
    &[Rule::CalleeConsentRequired, Rule::CalleeConsentExpired],
    &[Rule::PermissionMissing, Rule::PermissionExpired],
    &[Rule::QuietHours, Rule::TimezoneUnknown],
];
