use calling_policy::{ConsentKey, Scope};
use marketplace::{ConsentId, Language, MessageId, SeededIds};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000)
}

fn asked(
    ids: &SeededIds,
    contact_id: ContactId,
    party: Party,
    history: &[(HistoryEvent, ConsentStatus)],
) -> Asked {
    let vendor = party == Party::Vendor;
    let prompt_message_id = MessageId::generate(ids);
    let answered = history.len() > 1;
    Asked {
        phone: Some("+25…01".to_owned()),
        bsuid: None,
        outweighed: false,
        consent: Consent {
            id: ConsentId::generate(ids),
            party,
            contact_id,
            vendor_id: vendor.then(|| "v1".parse().unwrap()),
            vendor_name: None,
            key: if vendor { ConsentKey::Callee } else { ConsentKey::Authorisation },
            scope: Scope::CallVendor,
            status: history.last().unwrap().1,
            asked_by: if vendor { "card" } else { "buttons" }.to_owned(),
            wording: "consent-prompt.v1".to_owned(),
            language: Language::En,
            prompt_message_id,
            requested_at: at(0),
            expires_at: at(86_400),
            answered_at: answered.then(|| at(60)),
            history: (1..)
                .zip(history)
                .map(|(seq, (event, status))| HistoryLine {
                    seq,
                    event: *event,
                    status: *status,
                    by: (*event == HistoryEvent::Yes).then_some(contact_id),
                    message_id: (*event != HistoryEvent::WithdrawnByMeta).then_some(prompt_message_id),
                    happened_at: at(i64::from(seq - 1) * 60),
                    recorded_at: at(i64::from(seq - 1) * 60 + if seq == 3 { 9 } else { 0 }),
                    expires_at: at(86_400),
                })
                .collect(),
        },
    }
}

fn someone(ids: &SeededIds, party: Party, name: Option<&str>, state: &'static str) -> Person {
    let has_end = matches!(state, "temporary" | "expired");
    Person {
        contact_id: ContactId::generate(ids),
        party,
        vendor_id: (party == Party::Vendor).then(|| "v1".parse().unwrap()),
        name: name.map(str::to_owned),
        erased: name.is_none(),
        opted_out_at: None,
        meta_permission: MetaPermission {
            state,
            since: (state != "unknown").then(|| at(60)),
            until: has_end.then(|| at(604_800)),
            refused_by: (state == "refused").then_some(RefusedBy::Meta),
        },
        consents: Vec::new(),
    }
}

fn shown(people: Vec<Person>) -> Shown {
    Shown {
        request_id: "req_0190a1b2c3d4e5f60718293a4b5c6d7e".parse().unwrap(),
        state: RequestState::Sourcing,
        control: Control::Bot,
        as_of: at(4_000),
        phone_number_id: "1001".parse().unwrap(),
        paused_until: None,
        people,
    }
}

#[test]
fn everything_that_is_known_is_said() {
    use ConsentStatus::{Denied, Granted, Requested};
    let ids = SeededIds::new(5);
    let mut client = someone(&ids, Party::Client, Some("Amina\nWanjiru\u{1b}[2J"), "unknown");
    let yes = [(HistoryEvent::Requested, Requested), (HistoryEvent::Yes, Granted)];
    client.consents = vec![asked(&ids, client.contact_id, Party::Client, &yes)];
    let mut vendor = someone(&ids, Party::Vendor, Some("Jua Kali Spares"), "refused");
    let withdrawn = [yes[0], yes[1], (HistoryEvent::WithdrawnByMeta, Denied)];
    vendor.consents = vec![
        asked(&ids, vendor.contact_id, Party::Vendor, &withdrawn),
        asked(&ids, vendor.contact_id, Party::Vendor, &yes[..1]),
    ];
    let mut erased = someone(&ids, Party::Vendor, None, "temporary");
    erased.consents = vec![asked(&ids, erased.contact_id, Party::Vendor, &yes[..1])];
    erased.consents[0].phone = None;
    erased.consents[0].consent.status = ConsentStatus::Expired;
    let mut called = someone(&ids, Party::Vendor, Some("Shop 9"), "permanent");
    called.opted_out_at = Some(at(120));
    let shown = Shown { paused_until: Some(at(9_000)), ..shown(vec![client, vendor, erased, called]) };
    insta::assert_snapshot!(told(&shown), @"
    req_0190a1b2c3d4e5f60718293a4b5c6d7e
      sourcing · driven by the bot · as of 2026-09-21 15:20:00Z
      Meta pauses calls from 1001 until 2026-09-21 16:43:20Z

    Client Amina Wanjiru�[2J · con_00000000000176e79b9cf8dcb88ce2b2
      Meta's permission  never heard of
      cns_0000000000037bd6af5929766b7bf800  granted until 2026-09-22 14:13:20Z
        Key       authorisation: the client allows calls for this request
        Scope     call_vendor
        Asked     2026-09-21 14:13:20Z by buttons, consent-prompt.v1 in en, at +25…01
        Answered  2026-09-21 14:14:20Z
         1  2026-09-21 14:13:20Z  requested, msg_000000000002763c98f2f879164c8375
         2  2026-09-21 14:14:20Z  yes → granted by this person, msg_000000000002763c98f2f879164c8375

    Vendor Jua Kali Spares · v1 · con_0000000000047910a4428b7b22409730
      Meta's permission  taken back by Meta, after calls that were not answered, since 2026-09-21 14:14:20Z
      cns_00000000000671d08742c53936c063fb  denied
        Key       callee: this person allows to be called
        Scope     call_vendor
        Asked     2026-09-21 14:13:20Z by Meta's card, consent-prompt.v1 in en, at +25…01
        Answered  2026-09-21 14:14:20Z
         1  2026-09-21 14:13:20Z  requested, msg_0000000000057e22b8882a0e5ec7736b
         2  2026-09-21 14:14:20Z  yes → granted by this person, msg_0000000000057e22b8882a0e5ec7736b
         3  2026-09-21 14:15:20Z  withdrawn_by_meta → denied, recorded 2026-09-21 14:15:29Z
      cns_0000000000087c4cb1328dedfe2b62bf  asked, open until 2026-09-22 14:13:20Z
        Key       callee: this person allows to be called
        Scope     call_vendor
        Asked     2026-09-21 14:13:20Z by Meta's card, consent-prompt.v1 in en, at +25…01
         1  2026-09-21 14:13:20Z  requested, msg_0000000000077975a5d60d778725d5b3

    Vendor (erased) · v1 · con_0000000000097943a50ffe7f2677a3c0
      Meta's permission  given until 2026-09-28 14:13:20Z, since 2026-09-21 14:14:20Z
      cns_00000000000b76aa9aaa75850d76f98f  expired since 2026-09-22 14:13:20Z
        Key       callee: this person allows to be called
        Scope     call_vendor
        Asked     2026-09-21 14:13:20Z by Meta's card, consent-prompt.v1 in en, at (erased)
         1  2026-09-21 14:13:20Z  requested, msg_00000000000a7875a1d6e4c1eafd5401

    Vendor Shop 9 · v1 · con_00000000000c7aeaababd4bfaf9c1819
      Said STOP 2026-09-21 14:15:20Z: is not called
      Meta's permission  given for good, since 2026-09-21 14:14:20Z
      Not asked for a consent.
    ");
}

/// A YES that a NO to a later prompt outweighs is granted as it stands, and gives nobody leave to call.
#[test]
fn a_granted_consent_that_does_not_rule_is_marked() {
    use calling_policy::{Consent, ConsentEvent};
    let ids = SeededIds::new(5);
    let (request, contact) = (RequestId::generate(&ids), ContactId::generate(&ids));
    let answered = |seconds, scope, yes| {
        let prompt = MessageId::generate(&ids);
        let asked =
            Consent::requested(request, contact, prompt, (ConsentKey::Authorisation, scope), at(seconds));
        let answer = ConsentEvent::Answer { by: contact, prompt, yes, meta_until: None };
        asked.apply(answer, at(seconds + 1), at(seconds + 1)).next
    };
    let marked = |all: &[Consent]| -> Vec<bool> {
        all.iter().map(|consent| is_outweighed(all, consent, at(100))).collect()
    };
    let yes = answered(0, Scope::Either, true);
    assert_eq!(marked(&[yes]), [false]);
    assert_eq!(marked(&[yes, answered(10, Scope::Either, false)]), [true, false]);
    assert_eq!(marked(&[yes, answered(10, Scope::CallVendor, false)]), [false, false], "calls to the client");
    let mut shown = asked(
        &ids,
        contact,
        Party::Client,
        &[(HistoryEvent::Requested, ConsentStatus::Requested), (HistoryEvent::Yes, ConsentStatus::Granted)],
    );
    shown.outweighed = true;
    let mut text = String::new();
    tell_consent(&mut text, &shown, false);
    assert!(text.lines().next().unwrap().ends_with("  granted, outweighed by a newer answer"), "{text}");
}

#[test]
fn nobody_asked_is_said_too() {
    insta::assert_snapshot!(told(&shown(Vec::new())), @"
    req_0190a1b2c3d4e5f60718293a4b5c6d7e
      sourcing · driven by the bot · as of 2026-09-21 15:20:00Z

    Nobody was asked for a consent to calls.
    ");
}

#[test]
fn each_permission_has_its_words() {
    let ids = SeededIds::new(5);
    let of = |state| told_permission(&someone(&ids, Party::Client, None, state).meta_permission);
    let all = ["unknown", "temporary", "permanent", "expired", "refused"].map(of);
    insta::assert_snapshot!(all.join("\n"), @"
    never heard of
    given until 2026-09-28 14:13:20Z, since 2026-09-21 14:14:20Z
    given for good, since 2026-09-21 14:14:20Z
    over since 2026-09-28 14:13:20Z
    taken back by Meta, after calls that were not answered, since 2026-09-21 14:14:20Z
    ");
    for (by, word) in [(RefusedBy::Person, "refused by the person"), (RefusedBy::Unstated, "none, says Meta")]
    {
        let permission = MetaPermission { state: "refused", since: None, until: None, refused_by: Some(by) };
        assert_eq!(told_permission(&permission), word);
    }
}
