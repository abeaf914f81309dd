//! Plays a scenario from a new database to stopped programs, and gathers what it left behind.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use meta_simulator::{BusinessNumber, Config, Handle, LogEntry, LogEvent, MessageKind, MetaSimulator};
use serde_json::Value;
use voice_simulator::VoiceSimulator;

use crate::{
    clock::SimulationClock,
    evidence::{Evidence, RequestAccount, RequestList},
    gateway::{Gateway, wishes::Wishes},
    hook::Hook,
    people::{Cast, calls::Phone, digits, ways::Way},
    progress::Progress,
    report::{Timings, millis},
    scenarios::{Calls, Scenario},
    stage::Stage,
    templates,
    world::{
        BUSINESS_PHONE, PHONE_NUMBER_ID, SECOND_NUMBER_ID, SECOND_PHONE, Secrets, Setup, Surroundings, Voice,
        World,
    },
};

/// Admin commands at the same moment.
const ADMINS: usize = 4;
/// A message that is not sent so long after the end is left behind. A crash may cost the dispatcher's lease,
/// a minute, first.
const REST_WITHIN: Duration = Duration::from_secs(90);
/// How long the stage goes on between two looks at what is still on its way.
const REST_LOOK_EVERY: Duration = Duration::from_millis(500);

/// The operators' webhook takes none of the first so many attempts.
const REFUSED_NOTIFICATIONS: usize = 2;

/// How long the media server waits for the other side's answer, milliseconds of the simulated clock.
const VOICE_WAITS_MS: i64 = 1_800_000;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// A PostgreSQL server, or SQLite.
    pub database_url: Option<String>,
    /// What chance draws from.
    pub seed: u64,
    /// How many clients; the scenario's own number if not said.
    pub requests: Option<usize>,
    /// Keep the run's folder.
    pub keep: bool,
}

/// What came of a run.
#[derive(Debug)]
pub struct Played {
    /// What it left behind.
    pub evidence: Evidence,
    /// How long it took.
    pub timings: Timings,
    /// Ends of the programs' logs, if the run did not come to its end.
    pub log_tails: Option<String>,
}

/// Plays a scenario from a new database to stopped programs.
pub async fn play(scenario: &Scenario, options: &Options, progress: &mut Progress) -> anyhow::Result<Played> {
    let requests = options.requests.unwrap_or(scenario.requests).max(1);
    let clock = scenario.clock(requests);
    let cast = cast_of(scenario, requests, options.seed);
    let begun = Instant::now();

    progress.show("starting");
    let secrets = Secrets::from_seed(options.seed);
    let wishes = scenario.calling.calls().map_or(Wishes::None, |calls| calls.wishes);
    let gateway = Gateway::start(scenario.manners, scenario.plan, wishes, options.seed, clock)?;
    let voice = start_voice(scenario, &secrets, options.seed, clock)?;
    let voice_at = voice.as_ref().map(|voice| Voice::of(voice, &secrets));
    let hook = start_hook(scenario, &secrets)?;
    let meta = start_meta(&secrets, scenario, &cast, options.seed, clock)?;
    let around = Surroundings {
        meta_url: meta.base_url(),
        moltbot_url: &gateway.url(),
        moltbot_token: gateway.token(),
        moltbot_model: scenario.model_server.then_some(Gateway::MODEL),
        moltbot_timeout_ms: scenario.moltbot_timeout_ms,
        two_numbers: scenario.numbers > 1,
        secrets: &secrets,
        voice: voice_at.as_ref(),
        ocr: scenario.ocr,
        operators: hook.as_ref().map(|hook| (hook.url(), secrets.operators.as_str())),
        known_vendors: scenario.known_vendors,
        clock,
        workers: workers(scenario, requests, options),
        log: None,
        setup: Setup {
            inquiries_per_day_max: scenario.inquiries_per_day_max,
            templates_in: scenario.templates_in,
        },
    };
    let mut world = World::start(&around, &cast, options.seed, options.database_url.as_deref()).await?;
    if options.keep {
        progress.clear();
        anstream::eprintln!("{}: {}", scenario.name, world.keep_folder()?);
    }
    meta.set_webhook_url(&world.webhook_url());
    meta.verify_webhook().await.context("the webhook did not verify")?;
    let started = Instant::now();

    let mut stage = Stage::new(scenario, &cast, &meta, &gateway, hook.as_ref(), clock, options.seed)?;
    let unfinished = stage.run(&mut world, progress).await.with_context(|| world.log_tails())?;
    let played = Instant::now();

    progress.show("reading the accounts");
    let collected = collect_at_rest(&mut world, &mut stage).await;
    let (killed, tool_answers, operator) = (stage.kills(), stage.tool_answers(), stage.operator_acts());
    let log_tails = (unfinished.is_some() || collected.is_err()).then(|| world.log_tails());
    let (requests, outbox_unknown, dead_letters) =
        collected.with_context(|| log_tails.clone().unwrap_or_default())?;
    let collected_at = Instant::now();

    let logs = world.logs();
    progress.show("stopping");
    let stuck = world.stop().await;
    gateway.stop().await;
    let counters = meta.counters();
    let requests = requests.into_iter().map(|request| request.of_whom_it_is(&cast)).collect();
    let mut log = meta.log();
    let cast = as_one_person(cast, &mut log);
    let evidence = Evidence {
        requests: in_order_of_clients(requests, &cast),
        cast,
        meta: log,
        gateway: gateway.exchanges(),
        gateway_faults: gateway.faults(),
        tool_answers,
        operator,
        told: hook.as_ref().map(Hook::told).unwrap_or_default(),
        calls: meta.calls(),
        connects: meta.connects_per_intent(),
        voice: voice.as_ref().map(voice_simulator::Handle::sessions),
        outbox_unknown,
        may_stay_unknown: scenario.kills > 0,
        kills: killed,
        dead_letters,
        logs,
        webhook_failures: counters.webhook_failures,
        webhook_posts: counters.webhook_posts,
        foreign_fetches: counters.foreign_fetches,
        stuck,
        unfinished,
    };
    if let Some(hook) = hook {
        hook.stop().await;
    }
    meta.shutdown();
    if let Some(voice) = voice {
        voice.shutdown();
    }
    let ended = Instant::now();
    let between = |from: Instant, to: Instant| millis(to.saturating_duration_since(from));
    let timings = Timings {
        start: between(begun, started),
        play: between(started, played),
        collect: between(played, collected_at),
        stop: between(collected_at, ended),
        total: between(begun, ended),
    };
    Ok(Played { evidence, timings, log_tails })
}

/// Who takes part.
fn cast_of(scenario: &Scenario, requests: usize, seed: u64) -> Cast {
    let cast = Cast::assemble_for(requests, scenario.vendors_per_category, seed, scenario.all_need)
        .with_ways(scenario.way);
    Cast { listing: scenario.listing, ..cast }
}

fn start_meta(
    secrets: &Secrets,
    scenario: &Scenario,
    cast: &Cast,
    seed: u64,
    clock: SimulationClock,
) -> anyhow::Result<Handle> {
    let mut config = Config::new(
        &secrets.access_token,
        &secrets.app_secret,
        &secrets.verify_token,
        PHONE_NUMBER_ID,
        BUSINESS_PHONE,
    );
    config.clock = Arc::new(move || clock.now_ms());
    config.seed = seed;
    config.faults = (scenario.faults)(cast);
    config.templates = templates::approved(scenario.templates_in);
    if let Some(calls) = scenario.calling.calls() {
        config.calling.ring_limit_ms = calls.meta_ring_limit_ms;
    }
    if scenario.numbers > 1 {
        config.numbers.push(BusinessNumber {
            phone_number_id: SECOND_NUMBER_ID.to_owned(),
            display_number: SECOND_PHONE.to_owned(),
        });
    }
    let meta = MetaSimulator::start(config)?;
    for client in &cast.clients {
        meta.person(&client.phone, &client.name);
        match client.way {
            Way::HidesNumber => meta.change_person(&client.phone, |person| person.hides_number = true)?,
            // Another number is another person to Meta, with another id.
            Way::Moves => {
                meta.person(&client.next_phone(), &client.name);
            }
            _ => {}
        }
    }
    for vendor in &cast.vendors {
        meta.person(&vendor.phone, &vendor.name);
    }
    if let Some(calls) = scenario.calling.calls() {
        give_phones(&meta, cast, calls)?;
    }
    Ok(meta)
}

/// Where people are told, where there are people.
fn start_hook(scenario: &Scenario, secrets: &Secrets) -> anyhow::Result<Option<Hook>> {
    scenario.operating.map(|_| Hook::start(&secrets.operators, REFUSED_NOTIFICATIONS)).transpose()
}

/// The media server, where calls are possible.
fn start_voice(
    scenario: &Scenario,
    secrets: &Secrets,
    seed: u64,
    clock: SimulationClock,
) -> anyhow::Result<Option<voice_simulator::Handle>> {
    if scenario.calling.calls().is_none() {
        return Ok(None);
    }
    let mut config = voice_simulator::Config::with_token(&secrets.voice_token);
    config.clock = Arc::new(move || clock.now_ms());
    config.seed = seed;
    // Media servers give up in real time.
    config.unanswered_limit_ms = VOICE_WAITS_MS;
    Ok(Some(VoiceSimulator::start(config)?))
}

/// What people do when they are called or asked by card.
fn give_phones(meta: &Handle, cast: &Cast, calls: &Calls) -> anyhow::Result<()> {
    let mut habits: Vec<(&str, Phone)> = Vec::new();
    habits.extend(
        cast.clients
            .iter()
            .enumerate()
            .map(|(nth, client)| (client.phone.as_str(), (calls.client)(nth).phone)),
    );
    habits.extend(cast.vendors.iter().map(|vendor| (vendor.phone.as_str(), (calls.vendor)(cast, vendor))));
    for (phone, habit) in habits {
        meta.change_person(phone, |person| {
            person.on_call = habit.on_call;
            person.on_card = habit.on_card;
        })?;
    }
    Ok(())
}

type Collected = (Vec<RequestAccount>, Vec<Value>, Vec<Value>);

/// The product's own account of everything, once nothing is on its way any more; after a while as it is.
async fn collect_at_rest(world: &mut World, stage: &mut Stage<'_>) -> anyhow::Result<Collected> {
    let begun = Instant::now();
    loop {
        let collected = collect(world).await?;
        let (requests, ..) = &collected;
        let at_rest = stage.is_quiet() && requests.iter().all(|request| request.on_its_way().is_none());
        if at_rest || begun.elapsed() > REST_WITHIN {
            return Ok(collected);
        }
        stage.go_on_for(REST_LOOK_EVERY).await?;
        world.check_alive()?;
    }
}

/// The product's own account of everything.
async fn collect(world: &World) -> anyhow::Result<Collected> {
    let admin = world.admin();
    let list: RequestList = admin.json(&["requests", "list"]).await?;
    let ids: Vec<String> = list.requests.into_iter().map(|line| line.id).collect();
    let shown =
        ids.iter().map(|id| async move { admin.json::<RequestAccount>(&["requests", "show", id]).await });
    let requests = stream::iter(shown).buffered(ADMINS).try_collect().await?;
    let unknown: Value = admin.json(&["outbox", "unknown"]).await?;
    let dead: Value = admin.json(&["dead-letters", "list"]).await?;
    Ok((requests, rows(unknown), rows(dead)))
}

/// The rows of a list, bare or in the one list-valued field of an object.
fn rows(printed: Value) -> Vec<Value> {
    match printed {
        Value::Array(rows) => rows,
        Value::Object(fields) => {
            fields.into_iter().find_map(|(_, value)| value.as_array().cloned()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Who changed the number is one person: known by the last one, in Meta's log too.
fn as_one_person(mut cast: Cast, log: &mut Vec<LogEntry>) -> Cast {
    // Meta's notice of the change is no message.
    log.retain(|entry| {
        !matches!(&entry.event, LogEvent::Said(reply) if reply.kind == MessageKind::Other && reply.text.is_empty())
    });
    for client in cast.clients.iter_mut().filter(|client| client.way == Way::Moves) {
        let (old, new) = (digits(&client.phone).to_owned(), client.next_phone());
        for entry in log.iter_mut() {
            match &mut entry.event {
                LogEvent::Said(reply) if reply.digits == old => digits(&new).clone_into(&mut reply.digits),
                LogEvent::Send(attempt) if attempt.digits == old => {
                    digits(&new).clone_into(&mut attempt.digits);
                }
                _ => {}
            }
        }
        client.phone = new;
    }
    cast
}

fn in_order_of_clients(mut requests: Vec<RequestAccount>, cast: &Cast) -> Vec<RequestAccount> {
    requests.sort_by_key(|request| {
        cast.clients.iter().position(|client| request.belongs_to(&client.phone)).unwrap_or(usize::MAX)
    });
    requests
}

/// How many workers share the database: a PostgreSQL run with many conversations has at least two.
fn workers(scenario: &Scenario, requests: usize, options: &Options) -> usize {
    let least = if options.database_url.is_some() && requests > 1 { 2 } else { 1 };
    scenario.workers.max(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_read_bare_or_wrapped() {
        assert_eq!(rows(json!([1, 2])).len(), 2);
        assert_eq!(rows(json!({ "unknown": [1] })).len(), 1);
        assert!(rows(json!({ "unknown": [] })).is_empty());
    }
}
