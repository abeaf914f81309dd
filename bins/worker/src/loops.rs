//! The loops: each repeats one step function, at once while there is work and after a short rest when there is
//! none. A failing store is met with growing rests. The stop signal ends each loop after its step.

use std::{fmt::Display, time::Duration};

use engine::{dispatch::Dispatcher, router::Router, sweep, timers, turn::{TurnRunner, TurnStep}};
use store::Db;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::wiring::Worker;

/// The rest after a step that found nothing, and its bound while nothing is found.
const REST_MIN: Duration = Duration::from_millis(20);
const REST_MAX: Duration = Duration::from_millis(200);
/// The rest after a step that failed, and its bound.
const FAILURE_REST_MIN: Duration = Duration::from_millis(250);
const FAILURE_REST_MAX: Duration = Duration::from_secs(10);
/// How often housekeeping runs.
const HOUSEKEEPING: Duration = Duration::from_secs(60);
/// What is under way when the stop signal comes has this long.
const DRAIN: Duration = Duration::from_secs(60);

/// Runs every loop until the stop signal, then drains.
pub(crate) async fn run(worker: Worker, lanes: u16) {
    let stop = CancellationToken::new();
    let mut loops = JoinSet::new();
    let Worker { db, policy, router, turns, dispatchers } = worker;
    loops.spawn(repeat("router", stop.clone(), move || route(router.clone())));
    for _ in 0..lanes {
        let turns = turns.clone();
        loops.spawn(repeat("turns", stop.clone(), move || take_turn(turns.clone())));
    }
    for dispatcher in dispatchers {
        loops.spawn(repeat("dispatch", stop.clone(), move || dispatch(dispatcher.clone())));
    }
    let timer_db = db.clone();
    loops.spawn(repeat("timers", stop.clone(), move || {
        let db = timer_db.clone();
        async move { timers::step(&db, policy).await.map(|fired| fired > 0) }
    }));
    loops.spawn(housekeeping(db.clone(), stop.clone()));
    tracing::info!(lanes, "working");
    startup::stop_signal().await;
    stop.cancel();
    let drained = tokio::time::timeout(DRAIN, async { while loops.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("not everything finished in time; leases run out and others take over");
    }
    db.store.close().await;
    tracing::info!("stopped");
}

/// Repeats a step; its answer says whether there was work.
async fn repeat<F, Step, E>(name: &'static str, stop: CancellationToken, mut step: F)
where
    F: FnMut() -> Step,
    Step: Future<Output = Result<bool, E>>,
    E: Display,
{
    let mut rest = REST_MIN;
    let mut failure_rest = FAILURE_REST_MIN;
    while !stop.is_cancelled() {
        let pause = match step().await {
            Ok(true) => {
                (rest, failure_rest) = (REST_MIN, FAILURE_REST_MIN);
                continue;
            }
            Ok(false) => {
                failure_rest = FAILURE_REST_MIN;
                std::mem::replace(&mut rest, (rest * 2).min(REST_MAX))
            }
            Err(error) => {
                tracing::error!(step = name, %error, "a step failed; it is repeated");
                std::mem::replace(&mut failure_rest, (failure_rest * 2).min(FAILURE_REST_MAX))
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Housekeeping runs once a minute, and on at once while it finds something to delete.
async fn housekeeping(db: Db, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match sweep::step(&db).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(step = "sweep", %error, "a step failed; it is repeated"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
    }
}

async fn route(router: Router) -> Result<bool, tools::ToolError> {
    let report = router.step().await?;
    Ok(report.finished > 0)
}

async fn take_turn(turns: TurnRunner) -> Result<bool, tools::ToolError> {
    Ok(match turns.step().await? {
        TurnStep::Idle | TurnStep::Failed => false,
        TurnStep::Worked(_) | TurnStep::Empty => true,
    })
}

async fn dispatch(dispatcher: Dispatcher) -> Result<bool, engine::dispatch::DispatchError> {
    let report = dispatcher.step().await?;
    Ok(report.did_work())
}
