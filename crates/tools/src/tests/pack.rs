use marketplace::VendorId;
use moltbot_contract::{ContextPack, VendorFilters};
use serde_json::Value;
use store::{flags, requests, testing::on_both};
use tool_registry::{
    FactSource, Facts, GetRequestSnapshotArgs, SearchVendorsArgs, Sourced, ToolName, ToolResult,
    UpdateRequestStateArgs,
};

use super::world::{CATEGORY, World};
use crate::{Policy, context_pack};

async fn pack(world: &World<'_>) -> ContextPack {
    let args = GetRequestSnapshotArgs { request_id: world.request };
    match world.call(args).await.unwrap() {
        ToolResult::GetRequestSnapshot(pack) => pack,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pack_holds_no_number_and_no_id_of_the_provider() {
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        world.client_says("my number is 0712 345 678, or +1 631 555 1234").await;
        world.vendor_says("v1", "call us: 0700 000 001. It is 3500/=").await;
        world.client_says("1").await;
        world.hand_off("v1").await.unwrap();
        let text = serde_json::to_string(&pack(&world).await).unwrap();
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        for number in ["712345678", "700000001", "700000002", "6315551234"] {
            assert!(!text.contains(number), "{text}");
            let parsed: Value = serde_json::from_str(&text).unwrap();
            for entry in parsed["conversation"].as_array().unwrap() {
                assert!(!digits(entry["text"].as_str().unwrap()).contains(number), "{entry}");
            }
        }
        assert!(!text.contains("wamid"), "{text}");
        assert!(text.contains("3500/="), "prices stay: {text}");
        assert!(text.contains("[number]"));
    });
}

#[test]
fn a_pack_is_what_its_schema_says() {
    on_both(async |test| {
        let schema = ToolName::GetRequestSnapshot.spec().unwrap().result_schema();
        let validator = jsonschema::draft202012::new(schema).unwrap();
        let empty = World::new(test, 0).await;
        let check = |pack: &ContextPack| {
            let value = serde_json::to_value(pack).unwrap();
            let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
            assert_eq!(serde_json::from_value::<ContextPack>(value).unwrap(), *pack);
        };
        check(&pack(&empty).await);
    });
    on_both(async |test| {
        let world = World::shortlisted(test).await;
        world.client_says("hello").await;
        let pack = pack(&world).await;
        assert_eq!(pack.limits.vendors_contacted, 2);
        assert_eq!(pack.limits.vendors_remaining, 13);
        assert!(!pack.limits.batch_open, "a shortlist ends the batch");
        assert_eq!(pack.shortlist.as_ref().unwrap().items.len(), 2);
        assert_eq!(pack.batches[0].offers, 2);
        assert!(!pack.policies.calling.enabled);
        assert!(!pack.allowed_next_states.contains(&marketplace::RequestState::HandedOff));
        let speakers: Vec<_> = pack.conversation.iter().map(|entry| entry.from).collect();
        assert_eq!(speakers.len(), 5);
        let schema = ToolName::GetRequestSnapshot.spec().unwrap().result_schema();
        let validator = jsonschema::draft202012::new(schema).unwrap();
        assert!(validator.is_valid(&serde_json::to_value(&pack).unwrap()));
    });
}

#[test]
fn a_pack_shows_what_the_directory_holds() {
    on_both(async |test| {
        let world = World::new(test, 17).await;
        assert!(pack(&world).await.vendors_found.is_empty(), "no category yet");
        let facts = Facts {
            category: Some(Sourced::new(" Brake Pads ".to_owned(), FactSource::Client)),
            ..Facts::default()
        };
        let step = UpdateRequestStateArgs {
            facts: Some(facts),
            ..world.step(marketplace::RequestState::Clarifying).await
        };
        world.call(step).await.unwrap();
        let found = pack(&world).await.vendors_found;
        assert_eq!(found.len(), 15);
        assert!(found.iter().all(|vendor| vendor.why == ["category", "new"] && !vendor.contacted));
    });
}

#[test]
fn flags_in_the_database_only_switch_off() {
    on_both(async |test| {
        let world = World::new(test, 0).await;
        let request = world.request;
        let all = Policy { ai_concierge: true, ocr: true, calling: true, ..Policy::OFF };
        let shown = async |policy: Policy| {
            world
                .write(move |tx| {
                    let guard = requests::lock(tx, request)?;
                    Ok(context_pack(tx, policy, &guard)?.policies)
                })
                .await
        };
        assert!(shown(all).await.ai_concierge_enabled && shown(all).await.ocr_enabled);
        assert!(!shown(Policy::default()).await.ai_concierge_enabled);
        world.write(|tx| Ok(flags::set(tx.conn, flags::Flag::AiConcierge, false, tx.now)?)).await;
        assert!(!shown(all).await.ai_concierge_enabled && shown(all).await.ocr_enabled);
    });
}

#[test]
fn a_search_names_who_may_be_asked_first() {
    on_both(async |test| {
        let world = World::sourcing(test, 4, 5).await;
        world.ask("v1").await.unwrap();
        world.opt_out(world.vendor("v2").await.contact).await;
        world
            .write(|tx| {
                let mut row = super::world::directory_row(5);
                row.rating = Some(4.5);
                store::vendors::import(tx, &row)?;
                let mut row = super::world::directory_row(6);
                row.accepts_inquiries = false;
                Ok(store::vendors::import(tx, &row)?)
            })
            .await;
        let search = async |limit, min_rating| {
            let args = SearchVendorsArgs {
                request_id: world.request,
                category: CATEGORY.to_uppercase(),
                filters: VendorFilters { max_distance_km: None, languages: Vec::new(), min_rating },
                limit,
            };
            match world.call(args).await.unwrap() {
                ToolResult::SearchVendors(result) => {
                    result.vendors.into_iter().map(|vendor| (vendor.vendor_id, vendor.why)).collect()
                }
                other => panic!("{other:?}"),
            }
        };
        let all: Vec<(VendorId, Vec<String>)> = search(15, None).await;
        let names: Vec<_> = all.iter().map(|(id, why)| format!("{id}: {}", why.join(" "))).collect();
        assert_eq!(
            names,
            [
                "v5: category new",
                "v3: category new",
                "v4: category new",
                "v6: category new not_accepting",
                "v1: category new contacted"
            ]
        );
        assert_eq!(search(1, None).await.len(), 1);
        let rated: Vec<(VendorId, Vec<String>)> = search(15, Some(4.0)).await;
        let why = ["category", "rating", "new"].map(str::to_owned).to_vec();
        assert_eq!(rated, [("v5".parse().unwrap(), why)]);
    });
}

#[test]
fn a_pack_tells_what_calling_allows() {
    use calling_policy::{
        ConsentKey::{Authorisation, Callee},
        Scope,
    };
    use marketplace::Control;
    use moltbot_contract::CallingPolicyView;
    use store::calls;

    const ON: Policy = Policy { ai_concierge: false, ocr: false, calling: true, ..Policy::OFF };
    async fn shown(world: &World<'_>, policy: Policy) -> CallingPolicyView {
        let request = world.request;
        world
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                Ok(context_pack(tx, policy, &guard)?.policies.calling)
            })
            .await
    }
    async fn told(world: &World<'_>) -> String {
        serde_json::to_string(&shown(world, ON).await).unwrap()
    }
    let says = |status: &str, scopes: &str| {
        format!(
            r#"{{"enabled":true,"consent_status":{status},"allowed_scopes":[{scopes}],"cooldown_minutes":10}}"#
        )
    };
    on_both(async |test| {
        let world = World::sourcing(test, 1, 1).await;
        let client = world.client;
        assert_eq!(told(&world).await, says("null", ""));
        // What a vendor says about calls is no consent of the client.
        let vendor = world.vendor("v1").await.contact;
        world.consent(vendor, (Callee, Scope::CallVendor), Some(true)).await;
        assert_eq!(told(&world).await, says("null", ""));
        world.consent(client, (Authorisation, Scope::CallVendor), None).await;
        assert_eq!(told(&world).await, says("\"requested\"", ""));
        test.clock.advance(calling_policy::limits::PROMPT_LASTS);
        assert_eq!(told(&world).await, says("\"expired\"", ""), "by time, whoever recorded it or not");
        world.consent(client, (Authorisation, Scope::CallVendor), Some(true)).await;
        assert_eq!(told(&world).await, says("\"granted\"", "\"call_vendor\""));
        test.clock.advance(std::time::Duration::from_secs(2));
        world.consent(client, (Authorisation, Scope::CallClient), Some(true)).await;
        assert_eq!(told(&world).await, says("\"granted\"", "\"call_vendor\""), "key 2 is missing");
        world.consent(client, (Callee, Scope::CallClient), Some(true)).await;
        assert_eq!(told(&world).await, says("\"granted\"", "\"call_vendor\",\"call_client\""));
        // A NO to a later prompt outweighs the YES before it.
        test.clock.advance(std::time::Duration::from_secs(2));
        world.consent(client, (Authorisation, Scope::Either), Some(false)).await;
        assert_eq!(told(&world).await, says("\"denied\"", ""));
        test.clock.advance(std::time::Duration::from_secs(2));
        world.consent(client, (Authorisation, Scope::Either), Some(true)).await;
        assert_eq!(told(&world).await, says("\"granted\"", "\"either\""));
        world.consent(client, (Callee, Scope::CallClient), Some(false)).await;
        assert_eq!(told(&world).await, says("\"granted\"", "\"call_vendor\""), "not to them");

        assert!(!shown(&world, Policy::default()).await.enabled);
        world
            .write(|tx| {
                Ok(calls::restrict(
                    tx,
                    &"100".parse().unwrap(),
                    tx.now + std::time::Duration::from_secs(1),
                    "meta_138014",
                )?)
            })
            .await;
        assert!(!shown(&world, ON).await.enabled, "Meta paused calls from this number");
        test.clock.advance(std::time::Duration::from_secs(1));
        assert!(shown(&world, ON).await.enabled);
        world.write(|tx| Ok(flags::set(tx.conn, flags::Flag::Calling, false, tx.now)?)).await;
        assert!(!shown(&world, ON).await.enabled);
        world.put(marketplace::RequestState::Closed, Control::Bot).await;
        assert_eq!(shown(&world, ON).await.cooldown_minutes, 10);
    });
}
