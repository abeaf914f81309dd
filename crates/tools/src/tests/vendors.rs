//! Whom a search names, and who is not asked: the closed, the tired, the far.

use std::time::Duration;

use marketplace::{Clock as _, RequestId, VendorId};
use moltbot_contract::{BatchStatus, OutreachStatus, VendorFilters};
use store::{
    contacts::{self, Identity},
    outbox,
    outbox::{Purpose, SendState},
    requests::{self, Position},
    sourcing,
    testing::on_both,
    timers,
};
use tool_registry::{RefusalCode, SearchVendorsArgs, SendVendorMessageArgs, ToolResult};

use super::world::{CATEGORY, World, directory_row, plan};

/// 08:00 to 18:00 in Nairobi, and the time now in Nairobi's hours.
const DAY: &str = "mo-su 08:00-18:00";

/// Moves the clock to this hour and minute in Nairobi, today or tomorrow.
fn at(world: &World<'_>, hour: u64, minute: u64) {
    let now = world.test.clock.now().as_seconds();
    let local = u64::try_from(now + 3 * 3_600).unwrap() % 86_400;
    let wanted = hour * 3_600 + minute * 60;
    world.test.clock.advance(Duration::from_secs((wanted + 86_400 - local) % 86_400));
}

async fn change(world: &World<'_>, number: usize, change: impl Fn(&mut store::vendors::VendorRecord)) {
    let mut row = directory_row(number);
    change(&mut row);
    world.write(move |tx| Ok(store::vendors::import(tx, &row)?)).await;
}

/// What a search says, `id: why`, and when it says they open, in seconds from now.
async fn search(world: &World<'_>, max_distance_km: Option<f64>) -> Vec<String> {
    let args = SearchVendorsArgs {
        request_id: world.request,
        category: CATEGORY.to_owned(),
        filters: VendorFilters { max_distance_km, languages: Vec::new(), min_rating: None },
        limit: 15,
    };
    let ToolResult::SearchVendors(result) = world.call(args).await.unwrap() else { panic!() };
    let line = |vendor: moltbot_contract::VendorFound| {
        let km = vendor.distance_km.map(|km| format!(" {km} km")).unwrap_or_default();
        let opens =
            vendor.opens_at.map(|at| format!(" in {} min", at.since(world.test.clock.now()).as_secs() / 60));
        format!("{}: {}{km}{}", vendor.vendor_id, vendor.why.join(" "), opens.unwrap_or_default())
    };
    result.vendors.into_iter().map(line).collect()
}

#[test]
fn the_closed_stand_last_and_say_when_they_open() {
    on_both(async |test| {
        let world = World::new(test, 4).await;
        at(&world, 7, 30);
        change(&world, 1, |row| {
            row.rating = Some(5.0);
            row.hours = Some("mo-su 09:00-10:00".to_owned());
        })
        .await;
        change(&world, 2, |row| row.hours = Some(DAY.to_owned())).await;
        change(&world, 3, |row| row.hours = Some("24/7".to_owned())).await;
        world.open_batch(4).await.unwrap();
        assert_eq!(
            search(&world, None).await,
            [
                "v3: category open new",
                "v4: category new",
                "v2: category new closed in 30 min",
                "v1: category new closed in 90 min",
            ]
        );
    });
}

/// Nobody is open: the first vendor moves the batch to the morning, and hears of it then. A shop that opens after the
/// batch is over is not asked in vain.
#[test]
fn a_batch_at_night_waits_for_the_morning() {
    on_both(async |test| {
        let world = World::new(test, 3).await;
        at(&world, 22, 0);
        change(&world, 1, |row| row.hours = Some(DAY.to_owned())).await;
        change(&world, 2, |row| row.hours = Some("mo-su 08:10-18:00".to_owned())).await;
        change(&world, 3, |row| row.hours = Some("mo-su 12:00-18:00".to_owned())).await;
        world.open_batch(3).await.unwrap();
        world.ask("v1").await.unwrap();
        world.ask("v2").await.unwrap();
        assert_eq!(world.ask("v3").await.unwrap_err(), RefusalCode::VendorClosed);
        let now = test.clock.now();
        let minutes = |at: marketplace::Timestamp| at.since(now).as_secs() / 60;
        let id = world.request;
        let batch = world.read(move |tx| sourcing::batches_of(tx, id)).await.remove(0);
        assert_eq!((batch.status, minutes(batch.deadline_at)), (BatchStatus::Open, 10 * 60 + 30));
        let sends = world.sends().await;
        let inquiries: Vec<_> = sends
            .iter()
            .filter(|send| send.purpose == Purpose::VendorInquiry)
            .map(|send| (minutes(send.held_until.unwrap()), minutes(send.not_after.unwrap())))
            .collect();
        assert_eq!(inquiries, [(600, 630), (610, 630)]);
        let number = || "100".parse().unwrap();
        assert!(world.read(move |tx| outbox::sendable(tx, &number(), 9)).await.is_empty(), "not at night");
        // What else there is for that vendor does not wait with it.
        let vendor = world.vendor("v1").await.contact;
        world.say_to_vendor(vendor).await;
        let due = world.read(move |tx| outbox::sendable(tx, &"100".parse().unwrap(), 9)).await;
        assert_eq!(due.len(), 1);
        at(&world, 8, 0);
        assert!(world.read(|tx| timers::due(tx, 9)).await.is_empty(), "the deadline moved with it");
        let due = world.read(move |tx| outbox::sendable(tx, &"100".parse().unwrap(), 9)).await;
        assert_eq!(due.len(), 1, "the first is due, the further message behind it now");
        at(&world, 8, 30);
        assert_eq!(world.read(|tx| timers::due(tx, 9)).await.len(), 1);
    });
}

/// Who writes to us is awake.
#[test]
fn a_closed_vendor_who_writes_hears_of_it_at_once() {
    on_both(async |test| {
        let world = World::new(test, 1).await;
        at(&world, 22, 0);
        change(&world, 1, |row| row.hours = Some(DAY.to_owned())).await;
        world.open_batch(1).await.unwrap();
        world.ask("v1").await.unwrap();
        let vendor = world.vendor("v1").await.contact;
        world.write(move |tx| Ok(outbox::release(tx, vendor, &"100".parse().unwrap())?)).await;
        let due = world.read(move |tx| outbox::sendable(tx, &"100".parse().unwrap(), 9)).await;
        assert_eq!(due.len(), 1);
    });
}

/// Further requests, each of a client of its own, in `sourcing` with an open batch.
async fn others(world: &World<'_>, count: usize) -> Vec<RequestId> {
    let mut all = Vec::new();
    for n in 0..count {
        let phone = format!("+2547990000{n:02}");
        let id = world
            .write(move |tx| {
                let known_by = [Identity::Phone(phone.parse().unwrap())];
                let client = contacts::find_or_create(tx, &known_by, None, marketplace::Language::En)?;
                Ok(requests::create(tx, client.id, &"100".parse().unwrap(), client.language)?.request().id)
            })
            .await;
        let step = tool_registry::UpdateRequestStateArgs {
            request_id: id,
            expected_version: 1,
            plan: Some(plan(1)),
            ..world.step(marketplace::RequestState::Sourcing).await
        };
        world.call(step).await.unwrap();
        all.push(id);
    }
    all
}

#[test]
fn a_vendor_gets_so_many_first_messages_a_day() {
    on_both(async |test| {
        let mut world = World::sourcing(test, 2, 5).await;
        world.policy.vendor_inquiries_per_day_max = 2;
        let requests = others(&world, 3).await;
        let ask = async |request: RequestId| {
            world.call(SendVendorMessageArgs { request_id: request, ..world.to_vendor("v1", "Hi") }).await
        };
        ask(requests[0]).await.unwrap();
        test.clock.advance(Duration::from_hours(12));
        ask(requests[1]).await.unwrap();
        assert_eq!(ask(requests[2]).await.unwrap_err(), RefusalCode::VendorTired);
        let names = search(&world, None).await;
        assert_eq!(names, ["v2: category new"], "left out");
        // A further message in a conversation that runs is none.
        ask(requests[0]).await.unwrap();
        test.clock.advance(Duration::from_hours(12));
        assert_eq!(search(&world, None).await.len(), 2, "the first is a day old");
        ask(requests[2]).await.unwrap();
        // What never arrived is not counted.
        let (id, request): (VendorId, _) = ("v1".parse().unwrap(), requests[2]);
        world
            .write(move |tx| {
                let guard = requests::lock(tx, request)?;
                let outreach = sourcing::outreaches_of(tx, request)?;
                let outreach = outreach.iter().find(|outreach| outreach.vendor == id).unwrap();
                Ok(sourcing::set_outreach_status(tx, &guard, outreach.id, OutreachStatus::Failed)?)
            })
            .await;
        assert_eq!(search(&world, None).await.len(), 2);
    });
}

#[test]
fn who_answers_stands_before_who_does_not() {
    on_both(async |test| {
        let world = World::sourcing(test, 3, 5).await;
        let requests = others(&world, 6).await;
        for (n, request) in requests.into_iter().enumerate() {
            let (vendor, status) =
                if n % 2 == 0 { ("v1", OutreachStatus::Silent) } else { ("v2", OutreachStatus::Declined) };
            world
                .call(SendVendorMessageArgs { request_id: request, ..world.to_vendor(vendor, "Hi") })
                .await
                .unwrap();
            world
                .write(move |tx| {
                    let guard = requests::lock(tx, request)?;
                    let outreach = sourcing::outreaches_of(tx, request)?.remove(0);
                    Ok(sourcing::set_outreach_status(tx, &guard, outreach.id, status)?)
                })
                .await;
        }
        assert_eq!(search(&world, None).await, ["v2: category", "v3: category new", "v1: category"]);
        test.clock.advance(sourcing::HISTORY_LASTS + Duration::from_secs(1));
        assert_eq!(search(&world, None).await[0], "v1: category new", "that is long ago");
    });
}

#[test]
fn a_shared_location_brings_the_near_to_the_front() {
    on_both(async |test| {
        let world = World::new(test, 4).await;
        for (number, latitude) in [(1, -2.29), (2, -1.30), (3, -1.291)] {
            change(&world, number, move |row| row.position = Some((latitude, 36.8))).await;
        }
        world.open_batch(4).await.unwrap();
        assert_eq!(search(&world, None).await[0], "v1: category new", "nobody knows where the client is");
        assert!(search(&world, Some(50.0)).await.is_empty(), "nor who is near");
        let id = world.request;
        world
            .write(move |tx| {
                let mut guard = requests::lock(tx, id)?;
                let at = tx.now;
                requests::set_position(tx, &mut guard, Position { latitude: -1.29, longitude: 36.8, at })?;
                // An older word that comes late.
                let older = at - Duration::from_secs(9);
                Ok(requests::set_position(
                    tx,
                    &mut guard,
                    Position { latitude: 0.0, longitude: 0.0, at: older },
                )?)
            })
            .await;
        assert_eq!(
            search(&world, None).await,
            [
                "v3: category near new 0.1 km",
                "v2: category near new 1.1 km",
                "v1: category near new 111.2 km",
                "v4: category new",
            ]
        );
        assert_eq!(search(&world, Some(5.0)).await.len(), 2);
        let position = world.read(move |tx| Ok(requests::load(tx, id)?.position)).await;
        assert_eq!(position.map(|position| position.latitude), Some(-1.29));
        // A vendor reads nothing of it.
        world.ask("v3").await.unwrap();
        let sends = world.sends().await;
        let told = sends.iter().filter(|send| send.state == SendState::Queued);
        assert!(told.filter_map(|send| send.payload.as_ref()).all(|payload| !payload.body.contains("km")));
    });
}
