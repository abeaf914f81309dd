//! A whole turn without the network: what waits in a mailbox, claimed, decided by a brain that answers at once,
//! validated, carried out and committed; beside the commits that it makes.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use engine::{
    intake::Intake,
    router::Router,
    turn::{TurnRunner, TurnStep},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use marketplace::{Clock as _, Language, ManualClock, RequestState, SystemClock};
use moltbot_contract::ContextPack;
use orchestrator::{Brain, BrainUnavailable, Source, TurnEnd};
use serde_json::json;
use store::{
    Db, Store, StoreError,
    flags::{self, Flag},
    vendors::{self, VendorRecord},
};
use tokio::task::{JoinSet, block_in_place};
use tools::Policy;

use crate::{
    databases::Target,
    effort::Effort,
    report::{Measured, Outcome, Quantity, Row},
    stats::{Samples, float, per_second},
    wal::Log,
    webhook,
};

/// How many lanes a worker works at once: one to see a turn by itself, and the worker's default.
const LANES: [usize; 2] = [1, 8];
/// The directory: so many categories, each with so many vendors.
const CATEGORIES: std::ops::RangeInclusive<char> = 'a'..='z';
const VENDORS_EACH: u32 = 5;
/// Longer than the coalescing of messages.
const QUIET: Duration = Duration::from_secs(10);
/// Bounds a turn; the brain answers at once.
const BRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How many webhooks are handed in at once while the mailboxes are filled; not measured.
const HAND_INS: usize = 64;

/// What a client writes, and what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The first message: the client is asked.
    Ask,
    /// The answer: five vendors are asked.
    Outreach,
}

impl Act {
    const ALL: [Self; 2] = [Self::Ask, Self::Outreach];

    const fn decision(self) -> &'static str {
        match self {
            Self::Ask => "ask_client",
            Self::Outreach => "vendor_outreach_plan",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Ask => "turn: ask_client",
            Self::Outreach => "turn: vendor_outreach_plan, 5 vendors",
        }
    }

    const fn client_writes(self) -> &'static str {
        match self {
            Self::Ask => "I need brake pads for a 2014 Corolla",
            Self::Outreach => "front ones, 1.6 petrol, today if possible",
        }
    }
}

/// How many durable commits each kind of turn makes, counted on SQLite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commits {
    ask: usize,
    outreach: usize,
}

impl Commits {
    const fn of(self, act: Act) -> usize {
        match act {
            Act::Ask => self.ask,
            Act::Outreach => self.outreach,
        }
    }
}

/// The lines of a database that there is none of.
pub(crate) fn skipped(database: &'static str, key: &str, reason: &str) -> Vec<Row> {
    let outcome = || Outcome::Skipped { reason: reason.to_owned() };
    let acts = Act::ALL.into_iter().flat_map(|act| LANES.map(|lanes| (act, lanes)));
    acts.map(|(act, lanes)| row(database, key, act, lanes, outcome())).collect()
}

fn row(database: &'static str, key: &str, act: Act, lanes: usize, outcome: Outcome) -> Row {
    let plural = if lanes == 1 { "" } else { "s" };
    Row {
        id: format!("turn.{key}.{}.{lanes}", act.decision()),
        database,
        what: format!("{}; {lanes} lane{plural}", act.what()),
        outcome,
    }
}

/// Counts what a turn commits, in the log of an SQLite database of its own.
pub(crate) async fn count_commits(folder: &Path) -> anyhow::Result<Commits> {
    let target = Target::sqlite(folder)?;
    let file = target.file().context("not a file")?.to_owned();
    let office = Office::open(&target).await?;
    let mut counts = Vec::new();
    for act in Act::ALL {
        office.clients_write(act, 0, 1).await?;
        let before = Log::read(&file)?;
        office.work(act, 1, 1).await?;
        let counted = Log::read(&file)?.commits_since(&before);
        counts.push(counted.context("a checkpoint fell into the count; run again")?);
    }
    office.close().await;
    match counts.as_slice() {
        &[ask, outreach] if ask > 0 && outreach > 0 => Ok(Commits { ask, outreach }),
        _ => bail!("a turn without a commit: {counts:?}"),
    }
}

/// Measures both kinds of turn with each number of lanes.
pub(crate) async fn measure(target: &Target, commits: Commits, effort: &Effort) -> anyhow::Result<Vec<Row>> {
    let office = Office::open(target).await?;
    // Not measured: the first turns compile statements and open connections.
    for act in Act::ALL {
        office.clients_write(act, 0, 8).await?;
        office.work(act, 8, 8).await?;
    }
    let mut first = 8;
    let mut rows = Vec::new();
    for lanes in LANES {
        let clients = if lanes == 1 { effort.turns_single } else { effort.turns_many };
        for act in Act::ALL {
            office.clients_write(act, first, clients).await?;
            let mut bare = office.bare_commits(effort.commits).await?;
            let (turns, elapsed) = office.work(act, lanes, usize::try_from(clients)?).await?;
            bare.extend(office.bare_commits(effort.commits).await?);
            let one = bare.spread().context("no commits were measured")?.p50;
            let count = commits.of(act);
            let floor = 1.0 / (float(count) * one.as_secs_f64());
            let measured = Measured::new(
                Quantity::new(per_second(turns.len(), elapsed), "turns/s"),
                turns.spread().context("no turn was measured")?,
                Quantity::new(floor, "turns/s"),
                format!("{count} commits of {:.2} ms", one.as_secs_f64() * 1e3),
            );
            rows.push(row(target.name, target.key, act, lanes, Outcome::Measured(measured)));
        }
        first += clients;
    }
    office.close().await;
    Ok(rows)
}

/// The worker's parts over one database, on a clock that we move.
struct Office {
    db: Db,
    clock: Arc<ManualClock>,
    intake: Intake,
    router: Router,
    turns: TurnRunner,
}

impl Office {
    async fn open(target: &Target) -> anyhow::Result<Self> {
        let store = block_in_place(|| Store::open(&target.options()?).map_err(anyhow::Error::from))?;
        let clock = Arc::new(ManualClock::at_millis(SystemClock.now().as_millis()));
        let ids = store.ids().clone();
        let db = Db { store, ids, clock: clock.clone(), lease_clock: Arc::new(SystemClock) };
        let directory = directory()?;
        db.write(move |tx| directory.iter().try_for_each(|vendor| vendors::import(tx, vendor).map(drop)))
            .await
            .map_err(|error: StoreError| error)?;
        let owner = "bench".to_owned();
        let number = webhook::PHONE_NUMBER_ID.parse()?;
        let policy = Policy { ai_concierge: true, ocr: false, calling: false, ..Policy::OFF };
        Ok(Self {
            intake: Intake::new(db.clone()),
            router: Router::new(db.clone(), vec![number], policy, owner.clone()),
            turns: TurnRunner::new(db.clone(), Arc::new(ScriptedBrain), policy, owner, BRAIN_TIMEOUT),
            db,
            clock,
        })
    }

    /// A message of each of these clients, through intake and router into the mailboxes, and the quiet after it.
    async fn clients_write(&self, act: Act, first: u32, count: u32) -> anyhow::Result<()> {
        let at = self.clock.now();
        let kind = u32::from(act == Act::Outreach);
        let accepted = stream::iter(first..first + count).map(|client| async move {
            let text = act.client_writes();
            let body = webhook::text_message_of(client, client * 2 + kind, at, text);
            self.intake.accept(body.as_bytes()).await
        });
        accepted.buffer_unordered(HAND_INS).try_collect::<Vec<_>>().await?;
        loop {
            let report = self.router.step().await?;
            ensure!(report.failed == 0, "{} messages could not be placed", report.failed);
            if report.finished == 0 {
                break;
            }
        }
        self.clock.advance(QUIET);
        Ok(())
    }

    /// Works every lane that is due, so many at once; each turn's time, and that of all together.
    async fn work(&self, act: Act, lanes: usize, expected: usize) -> anyhow::Result<(Samples, Duration)> {
        let started = Instant::now();
        let mut working = JoinSet::new();
        for _ in 0..lanes {
            let turns = self.turns.clone();
            working.spawn(async move { work_lane(&turns, act).await });
        }
        let mut samples = Samples::default();
        while let Some(lane) = working.join_next().await {
            samples.extend(lane??);
        }
        let elapsed = started.elapsed();
        ensure!(samples.len() == expected, "{} turns were worked, not {expected}", samples.len());
        Ok((samples, elapsed))
    }

    /// The cheapest durable writes through the same store: one row, one transaction, one after another.
    async fn bare_commits(&self, count: u32) -> anyhow::Result<Samples> {
        let mut samples = Samples::default();
        for _ in 0..count {
            // A row that stays as it was would not be written at all.
            self.clock.advance(Duration::from_millis(1));
            let began = Instant::now();
            let set = self.db.write(|tx| flags::set(tx.conn, Flag::Outbound, true, tx.now)).await;
            set.map_err(|error: StoreError| error)?;
            samples.push(began.elapsed());
        }
        Ok(samples)
    }

    async fn close(self) {
        self.db.store.close().await;
    }
}

/// One lane of a worker, until nothing is due.
async fn work_lane(turns: &TurnRunner, act: Act) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    loop {
        let began = Instant::now();
        match turns.step().await? {
            TurnStep::Worked(TurnEnd::Committed { kind, source: Source::Moltbot })
                if kind == act.decision() =>
            {
                samples.push(began.elapsed());
            }
            TurnStep::Idle => return Ok(samples),
            other => bail!("a turn ended as {other:?}, not with {}", act.decision()),
        }
    }
}

/// Moltbot without a network and without a thought.
struct ScriptedBrain;

#[async_trait]
impl Brain for ScriptedBrain {
    async fn ask(&self, pack: &ContextPack) -> Result<Vec<u8>, BrainUnavailable> {
        let answer = if pack.request.state == RequestState::New {
            json!({
                "type": "ask_client",
                "question_text": "Front or rear axle, and which engine?",
                "why": "shops need the axle and the engine",
                "state_suggestion": "clarifying",
            })
        } else {
            json!({
                "type": "vendor_outreach_plan",
                "category": category(letter_of(pack)),
                "normalized_need": "front brake pads, Toyota Corolla 2014, 1.6 petrol",
                "vendor_filters": { "max_distance_km": null, "languages": ["en"], "min_rating": null },
                "batch_size": 5,
                "vendor_questions": ["Original or aftermarket?", "Can you deliver today?"],
                "stop_conditions": { "offers_wanted": 3, "deadline_minutes": 30 },
                "calling": { "wish": "none", "party": null, "trigger": null },
            })
        };
        Ok(answer.to_string().into_bytes())
    }
}

/// Requests spread over the directory, as they would: not all of them want the same five vendors.
fn letter_of(pack: &ContextPack) -> char {
    let (_, low) = pack.request.id.uuid().as_u64_pair();
    let index = usize::try_from(low % 26).unwrap_or_default();
    CATEGORIES.clone().nth(index).unwrap_or('a')
}

fn category(letter: char) -> String {
    format!("auto_parts_{letter}")
}

fn directory() -> anyhow::Result<Vec<VendorRecord>> {
    let places = CATEGORIES.clone().flat_map(|letter| (0..VENDORS_EACH).map(move |place| (letter, place)));
    (0_u32..)
        .zip(places)
        .map(|(number, (letter, place))| {
            Ok(VendorRecord {
                id: format!("shop-{letter}-{place}").parse()?,
                name: format!("Spares {}{place}", letter.to_uppercase()),
                phone: format!("+2547{:08}", 90_000_000 + number).parse()?,
                categories: vec![category(letter)],
                position: None,
                timezone: "Africa/Nairobi".to_owned(),
                languages: vec![Language::En],
                accepts_inquiries: true,
                hours: None,
                rating: Some(4.0),
            })
        })
        .collect()
}
