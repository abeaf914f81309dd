//! Plays a scenario: people react, faults strike, until every conversation has come to rest.

use std::{
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use meta_simulator::{Config, Handle, LogEntry, LogEvent, MetaSimulator, Outcome, Said, Saying, SendAttempt};
use serde_json::Value;

use crate::{
    clock::SimulationClock,
    evidence::{Evidence, RequestAccount, RequestList},
    gateway::Gateway,
    people::{Cast, ClientScript, Received, VendorScript, digits},
    progress::Progress,
    random::Random,
    report::{Timings, millis},
    scenarios::Scenario,
    templates,
    world::{BUSINESS_PHONE, PHONE_NUMBER_ID, Secrets, Surroundings, World},
};

/// Conversations that are under way at the same moment.
const AT_ONCE: usize = 64;
/// How often the states of all requests are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// How long a step of the loop waits for something to happen at Meta.
const STEP: Duration = Duration::from_millis(20);
/// Nothing new at Meta for so long, and every request at its end: the run is over.
const QUIET_FOR: Duration = Duration::from_millis(1_500);
/// Admin commands at the same moment.
const ADMINS: usize = 4;
/// How often a client writes again into silence.
const NUDGES: u32 = 3;

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
    let clock = SimulationClock::starting_now(scenario.speed_for(requests));
    let cast = Cast::assemble(requests, scenario.vendors_per_category, options.seed);
    let begun = Instant::now();

    progress.show("starting");
    let secrets = Secrets::from_seed(options.seed);
    let gateway = Gateway::start(scenario.manners, scenario.plan, options.seed, clock)?;
    let meta = start_meta(&secrets, scenario, &cast, options.seed, clock)?;
    let around = Surroundings {
        meta_url: meta.base_url(),
        moltbot_url: &gateway.url(),
        moltbot_token: gateway.token(),
        moltbot_timeout_ms: scenario.moltbot_timeout_ms,
        secrets: &secrets,
        clock,
        workers: workers(scenario, requests, options),
    };
    let mut world = World::start(&around, &cast, options.seed, options.database_url.as_deref()).await?;
    if options.keep {
        progress.clear();
        anstream::eprintln!("{}: logs and database in {}", scenario.name, world.keep_folder().display());
    }
    meta.set_webhook_url(&world.webhook_url());
    meta.verify_webhook().await.context("the webhook did not verify")?;
    let started = Instant::now();

    let mut stage = Stage::new(scenario, &cast, &meta, &gateway, clock, options.seed);
    let unfinished = stage.run(&mut world, progress).await.with_context(|| world.log_tails())?;
    let killed = stage.deaths.struck;
    let played = Instant::now();

    progress.show("reading the accounts");
    let collected = collect(&world).await;
    let log_tails = (unfinished.is_some() || collected.is_err()).then(|| world.log_tails());
    let (requests, outbox_unknown, dead_letters) =
        collected.with_context(|| log_tails.clone().unwrap_or_default())?;
    let collected_at = Instant::now();

    progress.show("stopping");
    let stuck = world.stop().await;
    gateway.stop().await;
    let counters = meta.counters();
    let evidence = Evidence {
        requests: in_order_of_clients(requests, &cast),
        cast,
        meta: meta.log(),
        gateway: gateway.exchanges(),
        gateway_faults: gateway.faults(),
        outbox_unknown,
        may_stay_unknown: scenario.kills > 0,
        kills: killed,
        dead_letters,
        webhook_failures: counters.webhook_failures,
        webhook_posts: counters.webhook_posts,
        stuck,
        unfinished,
    };
    meta.shutdown();
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
    config.templates = templates::approved();
    let meta = MetaSimulator::start(config)?;
    for client in &cast.clients {
        meta.person(&client.phone, &client.name);
    }
    for vendor in &cast.vendors {
        meta.person(&vendor.phone, &vendor.name);
    }
    Ok(meta)
}

type Collected = (Vec<RequestAccount>, Vec<Value>, Vec<Value>);

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

fn in_order_of_clients(mut requests: Vec<RequestAccount>, cast: &Cast) -> Vec<RequestAccount> {
    requests.sort_by_key(|request| {
        cast.clients.iter().position(|client| request.belongs_to(&client.phone)).unwrap_or(usize::MAX)
    });
    requests
}

/// Something somebody will say.
#[derive(Debug)]
struct Due {
    at: Instant,
    ordinal: u64,
    saying: Saying,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.ordinal == other.ordinal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    /// The earliest is the greatest, as a heap gives it.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.ordinal).cmp(&(self.at, self.ordinal))
    }
}

#[derive(Debug)]
struct ClientOnStage {
    script: ClientScript,
    heard_ms: i64,
    nudges: u32,
}

/// Everybody at work.
struct Stage<'a> {
    scenario: &'a Scenario,
    cast: &'a Cast,
    meta: &'a Handle,
    gateway: &'a Gateway,
    clock: SimulationClock,
    seed: u64,
    clients: BTreeMap<&'a str, ClientOnStage>,
    vendors: BTreeMap<&'a str, VendorScript>,
    contacted: BTreeMap<&'a str, usize>,
    agenda: BinaryHeap<Due>,
    ordinal: u64,
    read: usize,
    deaths: Deaths,
}

impl<'a> Stage<'a> {
    fn new(
        scenario: &'a Scenario,
        cast: &'a Cast,
        meta: &'a Handle,
        gateway: &'a Gateway,
        clock: SimulationClock,
        seed: u64,
    ) -> Self {
        Self {
            scenario,
            cast,
            meta,
            gateway,
            clock,
            seed,
            clients: BTreeMap::new(),
            vendors: BTreeMap::new(),
            contacted: BTreeMap::new(),
            agenda: BinaryHeap::new(),
            ordinal: 0,
            read: 0,
            deaths: Deaths::new(scenario.kills, seed),
        }
    }

    /// Until every request is at its end and Meta is quiet; what was still open if patience ended first.
    async fn run(&mut self, world: &mut World, progress: &mut Progress) -> anyhow::Result<Option<String>> {
        let begun = Instant::now();
        let patience = self.scenario.patience_for(self.cast.clients.len());
        let mut looked = Instant::now();
        let mut last_news = Instant::now();
        let mut done = 0;
        loop {
            if self.listen().await? {
                last_news = Instant::now();
            }
            self.let_clients_in(done)?;
            self.say_what_is_due()?;
            self.nudge();
            if self.deaths.due(self.read + self.gateway.questions()) {
                world.kill_worker(usize::try_from(self.deaths.struck)?).await?;
            }
            if looked.elapsed() < LOOK_EVERY {
                continue;
            }
            world.check_alive()?;
            let list: RequestList = world.admin().json(&["requests", "list"]).await?;
            looked = Instant::now();
            done =
                list.requests.iter().filter(|line| self.scenario.ends.contains(&line.state.as_str())).count();
            progress.show(&format!("{done}/{} conversations at their end", self.cast.clients.len()));
            let quiet = self.agenda.is_empty()
                && self.meta.counters().pending == 0
                && last_news.elapsed() > QUIET_FOR;
            if done >= self.cast.clients.len() && quiet {
                return Ok(None);
            }
            if begun.elapsed() > patience {
                return Ok(Some(describe_open(&list, self.scenario.ends, patience)));
            }
        }
    }

    /// Reads what is new in Meta's log and lets people react. `true` if there was something.
    async fn listen(&mut self) -> anyhow::Result<bool> {
        let from = self.read;
        let news = self
            .meta
            .wait_for(STEP, |core| {
                core.log().get(from..).filter(|news| !news.is_empty()).map(<[LogEntry]>::to_vec)
            })
            .await
            .unwrap_or_default();
        self.read += news.len();
        for entry in &news {
            if let LogEvent::Send(attempt) = &entry.event
                && let Outcome::Accepted { wamid } = &attempt.outcome
            {
                self.react(attempt, wamid, entry.at_ms);
            }
        }
        Ok(!news.is_empty())
    }

    fn react(&mut self, attempt: &SendAttempt, wamid: &str, at_ms: i64) {
        let received = Received { wamid, text: &attempt.text, buttons: &attempt.buttons };
        let cast = self.cast;
        let act = if let Some(client) = self.clients.get_mut(attempt.digits.as_str()) {
            client.heard_ms = at_ms;
            client.script.react(received)
        } else if let Some(vendor) = cast.vendor(&attempt.digits) {
            let script = self.vendors.entry(digits(&vendor.phone)).or_insert_with(|| {
                let nth = self.contacted.entry(vendor.category).or_default();
                *nth += 1;
                VendorScript::new(vendor, (self.scenario.temper)(*nth - 1), self.seed)
            });
            script.react(received)
        } else {
            None
        };
        if let Some(act) = act {
            self.plan(&attempt.digits, self.clock.real(act.after), act.said, act.quoting);
        }
    }

    fn plan(&mut self, phone: &str, after: Duration, said: Said, quoting: Option<String>) {
        self.ordinal += 1;
        let saying = Saying { phone: phone.to_owned(), to_pnid: None, quoting, said };
        self.agenda.push(Due { at: Instant::now() + after, ordinal: self.ordinal, saying });
    }

    /// The next clients write, as long as not too many conversations are under way.
    fn let_clients_in(&mut self, done: usize) -> anyhow::Result<()> {
        while self.clients.len() < self.cast.clients.len()
            && self.clients.len() - done.min(self.clients.len()) < AT_ONCE
        {
            let index = self.clients.len();
            let Some(client) = self.cast.clients.get(index) else { break };
            let script = ClientScript::new(client, index.is_multiple_of(2));
            let saying =
                Saying { phone: client.phone.clone(), to_pnid: None, quoting: None, said: script.opening() };
            self.meta.say(&saying)?;
            let heard_ms = self.clock.now_ms();
            self.clients.insert(digits(&client.phone), ClientOnStage { script, heard_ms, nudges: 0 });
        }
        Ok(())
    }

    fn say_what_is_due(&mut self) -> anyhow::Result<()> {
        while self.agenda.peek().is_some_and(|due| due.at <= Instant::now()) {
            if let Some(due) = self.agenda.pop() {
                self.meta.say(&due.saying)?;
            }
        }
        Ok(())
    }

    /// A client who heard nothing for long writes again.
    fn nudge(&mut self) {
        let Some(after) = self.scenario.nudge_after else { return };
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        let now = self.clock.now_ms();
        let mut impatient = Vec::new();
        for (phone, client) in &mut self.clients {
            if now - client.heard_ms > after && client.nudges < NUDGES {
                client.nudges += 1;
                client.heard_ms = now;
                impatient.push((
                    *phone,
                    format!("Hello? Is anybody there?{}", "?".repeat(client.nudges as usize - 1)),
                ));
            }
        }
        for (phone, text) in impatient {
            self.plan(phone, Duration::ZERO, Said::Text(text), None);
        }
    }
}

/// How many workers share the database: a PostgreSQL run with many conversations has at least two.
fn workers(scenario: &Scenario, requests: usize, options: &Options) -> usize {
    let least = if options.database_url.is_some() && requests > 1 { 2 } else { 1 };
    scenario.workers.max(least)
}

/// When the worker dies: a drawn number of events after the last death, and a drawn moment later. Counted in
/// events, since after a death nothing may happen until a lease has run out.
#[derive(Debug)]
struct Deaths {
    random: Random,
    left: u32,
    struck: u32,
    after_events: usize,
    at: Option<Instant>,
}

impl Deaths {
    fn new(deaths: u32, seed: u64) -> Self {
        let mut random = Random::new(seed, "deaths");
        let after_events = Self::next(&mut random);
        Self { random, left: deaths, struck: 0, after_events, at: None }
    }

    fn next(random: &mut Random) -> usize {
        usize::try_from(random.between(1, 9)).unwrap_or(1)
    }

    /// Whether the worker is to be killed now, given how many events there were so far.
    fn due(&mut self, events: usize) -> bool {
        if self.left == 0 || events < self.after_events {
            return false;
        }
        let random = &mut self.random;
        let at =
            *self.at.get_or_insert_with(|| Instant::now() + Duration::from_millis(random.between(0, 60)));
        if Instant::now() < at {
            return false;
        }
        self.at = None;
        self.after_events = events + Self::next(&mut self.random);
        self.left -= 1;
        self.struck += 1;
        true
    }
}

fn describe_open(list: &RequestList, ends: &[&str], patience: Duration) -> String {
    let open: Vec<String> = list
        .requests
        .iter()
        .filter(|line| !ends.contains(&line.state.as_str()))
        .map(|line| format!("{} is {}", line.id, line.state))
        .collect();
    let what = if open.is_empty() { "messages are still under way".to_owned() } else { open.join(", ") };
    format!("after {} s {what}", patience.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_agenda_gives_the_earliest_first() {
        let now = Instant::now();
        let due = |seconds, ordinal| Due {
            at: now + Duration::from_secs(seconds),
            ordinal,
            saying: Saying {
                phone: String::new(),
                to_pnid: None,
                quoting: None,
                said: Said::Text(String::new()),
            },
        };
        let mut agenda: BinaryHeap<Due> = [due(3, 1), due(1, 2), due(1, 3)].into();
        let order: Vec<u64> = std::iter::from_fn(|| agenda.pop()).map(|due| due.ordinal).collect();
        assert_eq!(order, [2, 3, 1]);
    }

    #[test]
    fn lists_are_read_bare_or_wrapped() {
        assert_eq!(rows(json!([1, 2])).len(), 2);
        assert_eq!(rows(json!({ "unknown": [1] })).len(), 1);
        assert!(rows(json!({ "unknown": [] })).is_empty());
    }

    #[test]
    fn deaths_follow_events_and_are_limited() {
        let mut deaths = Deaths::new(3, 7);
        assert!(!deaths.due(0), "nothing has happened yet");
        let mut events = 0;
        let started = Instant::now();
        while deaths.left > 0 && started.elapsed() < Duration::from_secs(30) {
            events += 1;
            deaths.due(events);
        }
        assert_eq!(deaths.struck, 3);
        assert!(!deaths.due(usize::MAX));
        let first = |seed| Deaths::new(1, seed).after_events;
        assert!((0..20).any(|seed| first(seed) != first(seed + 1)));
    }
}
