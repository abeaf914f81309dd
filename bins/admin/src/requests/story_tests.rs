use super::super::fixture::{dossier, with_calls};
use super::tell;

#[test]
fn a_story_reads_from_top_to_bottom() {
    insta::assert_snapshot!(tell(&dossier()), @r#"
    req_0190a1b2c3d4e5f60718293a4b5c6d7e
      sourcing · driven by the bot · version 3
      Client    Amina Wanjiru, +254700000101
      Need      Front brake pads, Toyota Fielder 2012
      Kind      auto_parts · normal · en
      Opened    2026-09-21 14:13:20Z, last change 2026-09-22 00:13:20Z

    2026-09-21
      14:13:20  Amina Wanjiru → us
                I need brake pads
                for my Fielder �[31m
      14:13:20  ● new
      14:13:23  ◆ ask_client (moltbot; answer accepted)
                why: axle unknown
      14:13:23  · send_client_message ok
      14:13:23  ● new → clarifying (by orchestrator:turn)
                axle unknown
      14:13:23  us → Amina Wanjiru  [delivered]
                Front or rear?
      14:14:18  Amina Wanjiru → us
                front
      14:14:20  ◆ vendor_outreach_plan (coded_workflow; Moltbot's answer rejected)
                why: the need is clear
                violates number_too_large at /batch_size: expected at most 5
      14:14:20  · send_vendor_message refused: batch_limit
                the open batch holds five vendors
      14:14:20  ● clarifying → sourcing (by orchestrator:turn)
                the need is clear
      14:14:20  us → Jua Kali Spares  [failed: resolved_not_delivered]
                Do you have front pads?

    2026-09-22
      00:13:20  Jua Kali Spares → us
                (erased)
      00:13:20  · send.failed: resolved_not_delivered, by human:operator

    Audit: 5 records, verified.
    "#);
}

/// Only the lines that a call adds.
#[test]
fn consents_and_calls_are_told_where_they_happened() {
    let (story, without) = (tell(&with_calls(dossier())), tell(&dossier()));
    let added: Vec<&str> =
        story.lines().filter(|line| !without.lines().any(|known| known == *line)).collect();
    insta::assert_snapshot!(added.join("\n"), @"
      14:14:22  ☎ consent of Amina Wanjiru (authorisation, either): asked by buttons, consent-prompt.v1 in en
      14:14:22  ☎ consent of Amina Wanjiru (callee, either): asked by buttons, consent-prompt.v1 in en
      14:14:24  ☎ consent of Amina Wanjiru (callee, either): not_delivered → expired
      14:14:30  ☎ consent of Amina Wanjiru (authorisation, either): yes → granted
      14:14:31  ☎ consent of Jua Kali Spares (callee, call_vendor): asked by card, consent-prompt.v1 in en
      14:14:35  ☎ consent of Jua Kali Spares (callee, call_vendor): yes → granted
      14:17:20  ☎ call to Jua Kali Spares: urgent_no_reply, decided by orchestrator
      14:17:21  · call.dialling ok
      14:18:06  · call.terminated failed: no_answer
      14:20:00  ☎ consent of Jua Kali Spares (callee, call_vendor): no → denied
      14:28:20  ☎ call to Jua Kali Spares: urgent_no_reply, decided by orchestrator
    Audit: 7 records, verified.
    ");
}

#[test]
fn a_broken_chain_is_said_last_and_loudly() {
    let mut dossier = dossier();
    dossier.audit_verified = false;
    dossier.audit_fault = Some("record 3 was edited".to_owned());
    assert!(tell(&dossier).ends_with("\nAudit: 5 records, NOT VERIFIED: record 3 was edited\n"));
}

#[test]
fn an_erased_client_leaves_a_story() {
    let mut dossier = dossier();
    dossier.request.client.name = None;
    dossier.request.client.phone = None;
    dossier.request.need = None;
    let story = tell(&dossier);
    assert!(story.contains("  Client    (erased)\n  Need      –\n"), "{story}");
    assert!(story.contains("client → us"), "{story}");
}
