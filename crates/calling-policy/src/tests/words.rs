//! One word for one thing: what this crate shares with the contract, the tools and the reply parser.

use moltbot_contract::{CallParty, CallScope, CallTrigger};
use serde_json::{from_value, json, to_value};
use strum::IntoEnumIterator as _;
use tool_registry::RefusalCode;

use crate::*;

#[test]
fn triggers_parties_and_scopes_are_the_contracts() {
    for trigger in Trigger::iter() {
        let theirs: CallTrigger = from_value(json!(trigger)).unwrap();
        assert_eq!(json!(theirs), json!(trigger.to_string()));
        assert_eq!(json!(theirs.party()), json!(trigger.party()));
        assert_eq!(trigger.to_string().parse(), Ok(trigger));
    }
    for party in Party::iter() {
        assert!(from_value::<CallParty>(json!(party)).is_ok());
        for scope in Scope::iter() {
            let theirs: CallScope = from_value(json!(scope)).unwrap();
            assert_eq!(theirs.covers(from_value(json!(party)).unwrap()), scope.covers(party));
        }
    }
    for status in
        [ConsentStatus::Requested, ConsentStatus::Granted, ConsentStatus::Denied, ConsentStatus::Expired]
    {
        let theirs: moltbot_contract::ConsentStatus = from_value(json!(status)).unwrap();
        assert_eq!(to_value(theirs).unwrap(), json!(status.to_string()));
    }
    assert_eq!(Trigger::iter().count(), 4);
}

#[test]
fn the_reply_parser_and_the_policy_mean_the_same_by_ambiguous() {
    assert_eq!(limits::AMBIGUOUS_BELOW.to_bits(), conversation::vendor_reply::AMBIGUOUS_BELOW.to_bits());
}

#[test]
fn every_code_is_a_tools_refusal() {
    let codes = Rule::ALL.iter().map(|rule| rule.code()).chain(AskRule::ALL.iter().map(|rule| rule.code()));
    for code in codes {
        assert!(RefusalCode::from_code(code).is_some(), "{code}");
    }
}

#[test]
fn codes_are_stable_distinct_and_read_back() {
    for rule in Rule::ALL {
        assert_eq!(Rule::from_code(rule.code()), Some(*rule));
        assert_eq!(rule.to_string(), rule.code());
        assert_eq!(to_value(rule).unwrap(), json!(rule.code()));
        assert!(rule.summary().ends_with('.') && !rule.summary().starts_with(' '), "{}", rule.summary());
    }
    for rule in AskRule::ALL {
        assert_eq!(AskRule::from_code(rule.code()), Some(*rule));
        assert_eq!(rule.to_string(), rule.code());
        assert_eq!(from_value::<AskRule>(json!(rule.code())).unwrap(), *rule);
        assert!(rule.summary().ends_with('.'));
        // What both refuse, both call the same.
        if let Some(same) = Rule::from_code(rule.code()) {
            assert_eq!(format!("{rule:?}"), format!("{same:?}"));
        }
    }
    assert_eq!(Rule::from_code("nothing"), None);
    let is_code = |code: &str| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    assert!(Rule::ALL.iter().all(|rule| is_code(rule.code())));
    assert_eq!(Ignored::NotOurPrompt.to_string(), "not_our_prompt");
}
