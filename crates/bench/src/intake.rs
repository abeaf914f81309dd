//! Webhook intake through the real `concierge-api`, beside one commit per event on the same database.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use marketplace::SystemClock;
use simulation::process::{Environment, Program, Programs, ReservedPort, wait_until_ready};
use store::{Db, Store, inbound};
use tokio::task::block_in_place;

use crate::{
    databases::{DATA_KEY, Target},
    effort::Effort,
    floor::Floor,
    load,
    report::{Aim, Measured, Outcome, Quantity, Row},
    stats::{Samples, median, per_second},
    webhook,
};

/// How many connections post at once, and what is aimed at.
const LOADS: [(usize, Option<Aim>); 2] = [(1, None), (32, Some(Aim::RatioAtLeast(1.5)))];
const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPS_WITHIN: Duration = Duration::from_secs(30);

/// The lines of a database that there is none of.
pub(crate) fn skipped(database: &'static str, key: &str, reason: &str) -> Vec<Row> {
    let outcome = || Outcome::Skipped { reason: reason.to_owned() };
    LOADS.iter().map(|(connections, _)| row(database, key, *connections, outcome())).collect()
}

/// Measures floor and loads in turn, several times over: a machine that is disturbed for a while disturbs all.
pub(crate) async fn measure(target: &Target, folder: &Path, effort: &Effort) -> anyhow::Result<Vec<Row>> {
    let store = block_in_place(|| Store::open(&target.options()?).map_err(anyhow::Error::from))?;
    let (mut api, address) = start_api(target, folder).await?;
    let mut next = 0;
    load::run(address, 8, effort.warm_up, &mut next).await?;

    let mut floor = block_in_place(|| Floor::open(target, &store))?;
    let mut floor_total = Total::default();
    let mut totals = LOADS.map(|_| Total::default());
    for _ in 0..effort.rounds {
        floor_total.add(block_in_place(|| floor.measure(effort.round))?);
        for (total, (connections, _)) in totals.iter_mut().zip(LOADS) {
            total.add(load::run(address, connections, effort.round, &mut next).await?);
        }
    }
    api.check_alive()?;
    ensure!(api.stop(STOPS_WITHIN).await, "concierge-api did not stop by itself");
    all_are_stored(&store, next, floor_total.samples.len()).await?;
    store.close().await;

    let floor = Quantity::new(floor_total.rate()?, "events/s");
    totals
        .iter()
        .zip(LOADS)
        .map(|(total, (connections, aim))| {
            let spread = total.samples.spread().context("no webhook was posted")?;
            let value = Quantity::new(total.rate()?, "events/s");
            let ratios = total.rates.iter().zip(&floor_total.rates).map(|(ours, bare)| ours / bare).collect();
            let measured = Measured::new(value, spread, floor, "one commit each").with_ratios(ratios);
            let measured = measured.with_aim(aim);
            Ok(row(target.name, target.key, connections, Outcome::Measured(measured)))
        })
        .collect()
}

fn row(database: &'static str, key: &str, connections: usize, outcome: Outcome) -> Row {
    let plural = if connections == 1 { "" } else { "s" };
    Row {
        id: format!("intake.{key}.{connections}"),
        database,
        what: format!("webhook intake, {connections} connection{plural}"),
        outcome,
    }
}

/// All rounds of one thing.
#[derive(Default)]
struct Total {
    samples: Samples,
    /// Events a second, a round each.
    rates: Vec<f64>,
}

impl Total {
    fn add(&mut self, (samples, elapsed): (Samples, Duration)) {
        self.rates.push(per_second(samples.len(), elapsed));
        self.samples.extend(samples);
    }

    /// The median round.
    fn rate(&self) -> anyhow::Result<f64> {
        let mut sorted = self.rates.clone();
        sorted.sort_by(f64::total_cmp);
        median(&sorted).context("no round was measured")
    }
}

async fn start_api(target: &Target, folder: &Path) -> anyhow::Result<(Program, SocketAddr)> {
    let port = ReservedPort::for_program()?;
    let address = port.address;
    let environment = Environment::from([
        ("DATABASE_URL", target.url().to_owned()),
        ("DATA_KEY", DATA_KEY.to_owned()),
        ("META_APP_SECRET", webhook::APP_SECRET.to_owned()),
        ("META_VERIFY_TOKEN", "bench-verify-token".to_owned()),
        ("BIND_ADDR", address.to_string()),
        ("LOG_FORMAT", "json".to_owned()),
    ]);
    let path = Programs::find()?.path("concierge-api")?;
    let mut api = Program::start(&format!("concierge-api-{}", target.key), &path, environment, folder)?;
    let http = simulation::http::client()?;
    wait_until_ready(&mut api, &http, &format!("http://{address}"), READY_WITHIN).await?;
    Ok((api, address))
}

/// Every 200 is a row; were it not, the numbers would be worth nothing.
async fn all_are_stored(store: &Store, posted: u32, floor: usize) -> anyhow::Result<()> {
    let clock = std::sync::Arc::new(SystemClock);
    let db = Db { store: store.clone(), ids: store.ids().clone(), clock: clock.clone(), lease_clock: clock };
    let (stored, _) = db.read(inbound::backlog).await?;
    let expected = i64::from(posted) + i64::try_from(floor)?;
    ensure!(stored == expected, "{expected} events were acknowledged, {stored} are stored");
    Ok(())
}
