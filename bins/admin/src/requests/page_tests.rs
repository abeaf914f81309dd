use super::super::{
    dossier::{AuditLine, Batch, BatchVendor, Dossier, Handoff, Reply, Shortlist, ShortlistItem},
    fixture::{at, dossier, message, with_calls},
};
use super::render;
use audit::Outcome;
use marketplace::{Currency, SeededIds};
use moltbot_contract::{Availability, BatchStatus, OutreachStatus};

/// The fixture with vendors, an offer and a handoff.
fn whole() -> Dossier {
    let ids = SeededIds::new(8);
    let mut dossier = dossier();
    let vendor_id: marketplace::VendorId = "v1".parse().unwrap();
    let reply_id = marketplace::ReplyId::generate(&ids);
    let vendor = |id: &str, name: &str, slot, status| BatchVendor {
        vendor_id: id.parse().unwrap(),
        name: name.to_owned(),
        slot,
        status,
        contacted_at: at(60),
    };
    dossier.batches = vec![Batch {
        ordinal: 1,
        opened_at: at(60),
        deadline_at: at(3_660),
        status: BatchStatus::Settled,
        vendors: vec![
            vendor("v1", "Jua Kali Spares", 1, OutreachStatus::Replied),
            vendor("v2", "(erased)", 2, OutreachStatus::Silent),
        ],
    }];
    dossier.replies = vec![Reply {
        reply_id,
        vendor_id: vendor_id.clone(),
        message_id: marketplace::MessageId::generate(&ids),
        at: at(90),
        availability: Availability::InStock,
        price_minor: Some(350_000),
        currency: Some("KES".parse::<Currency>().unwrap()),
        eta: Some("tomorrow".to_owned()),
        confidence: 0.95,
    }];
    dossier.shortlists = vec![Shortlist {
        at: at(100),
        items: vec![ShortlistItem { position: 1, vendor_id: vendor_id.clone(), reply_id }],
    }];
    let choice = message(&ids, 200, "client", "in", "1");
    dossier.handoff = Some(Handoff {
        at: at(201),
        vendor_id,
        vendor_name: "Jua Kali Spares".to_owned(),
        choice_message_id: choice.id,
    });
    dossier.messages.push(choice);
    dossier
}

/// What a reader reads up to the audit: a line a block, `|` between cells.
fn read(page: &str) -> String {
    let (_, main) = page.split_once("<main>").unwrap();
    let (main, _) = main.split_once("<section aria-labelledby=\"audit\">").unwrap();
    let mut text = String::new();
    for piece in main.split('<') {
        let (tag, words) = piece.split_once('>').unwrap_or(("", piece));
        text.push_str(match tag.split(' ').next().unwrap() {
            "p" | "div" | "li" | "tr" | "h2" | "h3" | "table" | "ol" | "ul" | "/ul" => "\n",
            "/td" | "/th" | "/time" => " | ",
            _ => "",
        });
        text.push_str(words);
    }
    let lines = text.lines().map(|line| line.trim_end_matches([' ', '|'])).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every tag is closed in order, every attribute quoted, every `<` and `&` of a text escaped.
fn assert_well_formed(page: &str) {
    const VOID: [&str; 1] = ["meta"];
    let (doctype, mut rest) = page.split_at("<!DOCTYPE html>".len());
    assert_eq!(doctype, "<!DOCTYPE html>");
    let mut open: Vec<&str> = Vec::new();
    while let Some((text, tag)) = rest.split_once('<') {
        assert!(open.last() == Some(&"style") || !text.contains('>'), "a bare > in {text:?}");
        for entity in text.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known));
            assert!(known, "a bare & before {entity:?}");
        }
        let (tag, after) = tag.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed in another order");
        } else {
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.split(' ').next().unwrap();
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
}

fn assert_runs_and_fetches_nothing(page: &str) {
    let page = page.to_lowercase();
    for forbidden in [
        "<script",
        "http://",
        "https://",
        "url(",
        "@import",
        " src=",
        "javascript:",
        "<link",
        "<iframe",
        "<img",
        " on",
    ] {
        // ` on…=` is an event handler; the word "on" is none.
        let found = if forbidden == " on" {
            page.split('<').skip(1).any(|tag| tag.split('>').next().unwrap().contains(" on"))
        } else {
            page.contains(forbidden)
        };
        assert!(!found, "{forbidden}");
    }
}

#[test]
fn a_page_is_whole_and_stands_alone() {
    for dossier in [dossier(), whole(), with_calls(whole())] {
        let page = render(&dossier);
        assert_well_formed(&page);
        assert_runs_and_fetches_nothing(&page);
        for part in ["Record of a request", "Amina Wanjiru", "+254700000101", "The audit chain holds."] {
            assert!(page.contains(part), "{part}");
        }
    }
}

#[test]
fn the_story_is_told_in_words() {
    insta::assert_snapshot!(read(&render(&whole())), @r#"
    The way it took
    new14:13:20
    clarifying14:13:23
    sourcing14:14:20
    When | State | Why | By
    2026-09-21 14:13:20 | new | The client wrote for the first time | Concierge
    2026-09-21 14:13:23 | clarifying | axle unknown | Concierge
    2026-09-21 14:14:20 | sourcing | the need is clear | Concierge
    What happened
    Left: what people wrote. Right: what the concierge wrote. Between them: what was decided, by whom, why, and what was then done. Decisions come from Moltbot, a reasoning service, or from fixed rules (the coded workflow); only the concierge acts.
    2026-09-21
    14:13:20
    Client Amina Wanjiru
    I need brake pads
    for my Fielder U+001B[31m
    14:13:20
    new
    14:13:23
    Decision Moltbot
    Ask the client
    axle unknown
    Moltbot answered; the answer kept every rule.
    14:13:23
    sent the client a message
    14:13:23
    new → clarifying
    14:13:23
    Concierge to Client Amina Wanjiru
    Front or rear?
    delivered
    14:14:18
    Client Amina Wanjiru
    front
    14:14:20
    Decision Coded workflow
    Ask vendors
    the need is clear
    Moltbot answered; the answer broke a rule and was not followed.
    Where | Rule | What was wrong
    /batch_size | number_too_large | expected at most 5
    sent a vendor a message – refused batch_limit The open batch holds five vendors, or the last batch has not settled.
    the open batch holds five vendors
    14:14:20
    clarifying → sourcing
    14:14:20
    Concierge to Vendor Jua Kali Spares
    Do you have front pads?
    not delivered (resolved_not_delivered)
    14:16:40
    Client Amina Wanjiru
    1
    2026-09-22
    00:13:20
    Vendor Jua Kali Spares
    (erased)
    00:13:20
    A person (operator): a message was not delivered – failed resolved_not_delivered
    Vendors asked
    At most 5 vendors are asked at a time, and at most 15 for one request.
    Round 1, closed
    Opened 2026-09-21 14:14:20, answers wanted by 2026-09-21 15:14:20.
    # | Vendor | Came of it | Answer | Price | When | Sure | Answered
    1 | Jua Kali Spares | answered | has it | KES 3,500 | tomorrow | 95 % | 14:14:50
    2 | (erased) | no answer in time | – | – | – | – | –
    Offered to the client
    Sent 2026-09-21 14:15:00. Prices are those that were read in the vendors’ answers.
    # | Vendor | Price | When
    1 | Jua Kali Spares | KES 3,500 | tomorrow
    Handed over
    On 2026-09-21 14:16:41 the client and Jua Kali Spares were given each other’s contact, because the client had written 1 at 14:16:40.
    "#);
}

/// Only the lines that calls add.
#[test]
fn consents_and_calls_are_told_in_words() {
    let (page, without) = (read(&render(&with_calls(dossier()))), read(&render(&dossier())));
    let added: Vec<&str> = page.lines().filter(|line| !without.lines().any(|known| known == *line)).collect();
    insta::assert_snapshot!(added.join("\n"), @"
    14:14:22
    Client Amina Wanjiru was asked for a consent to calls (calls for this request, to vendors and the client) by two buttons, consent-prompt.v1 in en
    14:14:22
    Client Amina Wanjiru was asked for a consent to calls (calls to themselves) by two buttons, consent-prompt.v1 in en
    14:14:24
    Client Amina Wanjiru did not get the question about calls (calls to themselves)
    14:14:30
    Client Amina Wanjiru said yes to calls (calls for this request, to vendors and the client)
    14:14:31
    Vendor Jua Kali Spares was asked for a consent to calls (calls to themselves) by WhatsApp’s card, consent-prompt.v1 in en
    14:14:35
    Vendor Jua Kali Spares said yes to calls (calls to themselves)
    14:17:20
    decided to call Vendor Jua Kali Spares: it is urgent, and the vendor did not answer for three minutes urgent_no_reply
    14:17:21
    Concierge (dialler): dialled
    14:18:06
    Concierge (dialler): the call was over – failed no_answer
    14:20:00
    Vendor Jua Kali Spares said no to calls (calls to themselves)
    14:28:20
    decided to call Vendor Jua Kali Spares: it is urgent, and the vendor did not answer for three minutes urgent_no_reply
    Calls
    For a call the client must have allowed calls for this request, and whoever is called must have allowed it too. Where each consent stands is as of the making of this page.
    Consents
    Of | Allows | Stands | Asked | Answered | Until
    Client Amina Wanjiru | calls for this request, to vendors and the client | given | 2026-09-21 14:14:22 | 2026-09-21 14:14:30 | 2026-09-22 15:13:20
    Vendor Jua Kali Spares | calls to themselves | refused | 2026-09-21 14:14:31 | 2026-09-21 14:20:00 | –
    Client Amina Wanjiru | calls to themselves | over | 2026-09-21 14:14:22 | – | 2026-09-22 15:13:20
    Calls
    To | Why | Came of it | Dialled | Picked up | Over
    Vendor Jua Kali Spares | it is urgent, and the vendor did not answer for three minutes | not answered
    The client was told. | 2026-09-21 14:17:21 | – | 14:18:06
    Vendor Jua Kali Spares | it is urgent, and the vendor did not answer for three minutes | not dialled calling_disabled Calling is switched off. | – | – | 14:29:06
    ");
}

/// What came of Meta is for programs: the page holds no id and no payload of theirs.
#[test]
fn payloads_of_calls_are_not_on_the_page() {
    let dossier = with_calls(dossier());
    assert!(!render(&dossier).contains("wacid"));
    let json = serde_json::to_value(&dossier).unwrap();
    assert_eq!(json["calls"][0]["events"][0]["payload"]["id"], "wacid.A");
    assert_eq!(json["consents"][1]["history"][2]["event"], "no");
}

#[test]
fn hostile_texts_stay_texts() {
    let hostile = [
        "</main></body><script>alert(1)</script><img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "&lt;b&gt; &amp; <!-- --> ]]> <style>*{display:none}</style>",
        "\u{202e}gnp.exe\u{202c}\u{2066}",
        "a\u{200b}b\u{feff}c\u{ad}d\u{e0041}",
        "\u{0}\u{1}\u{7}\u{8}\u{1b}[2J\u{7f}\u{85}\u{9b}\r\n\tx",
        "https://evil.example/x",
    ];
    let long = "𝔏\u{301}".repeat(2_048);
    let overrides = "\u{202e}".repeat(4_096);
    for text in hostile.into_iter().chain([long.as_str(), &overrides]) {
        let mut dossier = with_calls(whole());
        for consent in &mut dossier.consents {
            consent.vendor_name = Some(text.to_owned());
            text.clone_into(&mut consent.wording);
            text.clone_into(&mut consent.asked_by);
        }
        for call in &mut dossier.calls {
            call.vendor_name = Some(text.to_owned());
            call.end_code = Some(text.to_owned());
        }
        for message in &mut dossier.messages {
            text.clone_into(&mut message.text);
            message.vendor_name = Some(text.to_owned());
            message.status_reason = Some(text.to_owned());
        }
        for turn in &mut dossier.turns {
            text.clone_into(&mut turn.why);
            turn.reasons = vec![text.to_owned()];
            for violation in &mut turn.violations {
                text.clone_into(&mut violation.pointer);
                text.clone_into(&mut violation.message);
            }
        }
        for change in &mut dossier.states {
            text.clone_into(&mut change.reason);
        }
        dossier.request.need = Some(text.to_owned());
        dossier.request.category = Some(text.to_owned());
        dossier.request.client.name = Some(text.to_owned());
        dossier.batches[0].vendors[0].name = text.to_owned();
        dossier.replies[0].eta = Some(text.to_owned());
        let page = render(&dossier);
        assert_well_formed(&page);
        assert!(!page.to_lowercase().contains("<script") && !page.contains("<img"), "{text:?}");
        let hidden = |c: char| (c.is_control() && c != '\n' && c != '\t') || crate::listing::is_deceptive(c);
        assert_eq!(page.chars().find(|c| hidden(*c)), None, "{text:?}");
    }
    let mut dossier = whole();
    dossier.messages[0].text = overrides;
    assert!(render(&dossier).contains("U+202E ×4096"), "what is hidden is named, and once");
}

#[test]
fn a_broken_chain_is_said_at_the_top() {
    let mut dossier = dossier();
    dossier.audit_verified = false;
    dossier.audit_fault = Some("record 3 was edited".to_owned());
    let page = render(&dossier);
    let head = page.split("<main>").next().unwrap();
    assert!(head.contains("The audit does not hold.") && head.contains("record 3 was edited"), "{head}");
    assert!(!page.contains("The audit chain holds.") && !page.contains("The chain holds"));
}

#[test]
fn the_page_says_how_much_was_compared_and_what_was_not() {
    let page = render(&dossier());
    for part in [
        "Received messages, text and button: 2. Vendors’ answers, availability, price and time: 1.",
        "was not compared with the records: names, the need,",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn an_erased_client_leaves_a_page() {
    let mut dossier = dossier();
    dossier.request.client.name = None;
    dossier.request.client.phone = None;
    dossier.request.need = None;
    let page = render(&dossier);
    assert_eq!(
        page.matches("<dd>(erased)</dd>").count()
            + page.matches("<dd class=\"number\">(erased)</dd>").count(),
        2
    );
    assert!(page.contains("<h1 dir=\"auto\">A request</h1>"));
}

#[test]
fn equal_calls_are_counted_and_refusals_explained() {
    let mut dossier = dossier();
    let turn = dossier.turns[1].turn_id.to_string();
    let call = |seq: u64, action: &str, outcome, reasons: &[&str]| AuditLine {
        seq,
        at: at(60),
        actor: "orchestrator:turn".to_owned(),
        action: action.to_owned(),
        outcome,
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        caused_by: Some(turn.clone()),
        payload: serde_json::Value::Null,
        commitment: String::new(),
        prev_hash: String::new(),
        hash: String::new(),
        canonical: String::new(),
    };
    dossier.audit = vec![
        call(1, "marketplace.get_request_snapshot", Outcome::Ok, &[]),
        call(2, "marketplace.send_vendor_message", Outcome::Ok, &[]),
        call(3, "marketplace.send_vendor_message", Outcome::Ok, &[]),
        call(4, "marketplace.start_call", Outcome::Refused, &["calling_disabled"]),
    ];
    let page = render(&dossier);
    assert!(page.contains("<li>sent a vendor a message, 2 times</li>"), "{page}");
    let account = page.split("id=\"audit\"").next().unwrap();
    assert!(account.contains("calling_disabled</bdi></span> Calling is switched off."), "{account}");
    assert!(!account.contains("read the request"), "a read that went well is noise here");
}
