//! The loops: each repeats one step function, at once while there is work and after a short rest when there is
//! none. A failing store is met with growing rests. The stop signal ends each loop after its step.

use std::{error::Error, sync::Arc, time::Duration};

use engine::{
    dial::{DialError, Dialler, StepReport},
    dispatch::{DispatchError, Dispatcher},
    media::Reader,
    notify::Notifier,
    router::Router,
    sweep, timers,
    turn::{TurnRunner, TurnStep},
    unanswered::Detector,
};
use store::Db;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tools::{Policy, ToolError};

use crate::{heartbeat, wiring::Worker};

/// The rest after a step that found nothing, and its bound while nothing is found.
const REST_MIN: Duration = Duration::from_millis(20);
const REST_MAX: Duration = Duration::from_millis(200);
/// The rest after a step that failed, and its bound.
const FAILURE_REST_MIN: Duration = Duration::from_millis(250);
const FAILURE_REST_MAX: Duration = Duration::from_secs(10);
/// How many steps of one business number run side by side.
const STEPS_PER_NUMBER: usize = 4;
/// How many steps that look after the calls of one number run side by side, and how many that dial: a slow dial
/// must not keep another call from being ended.
const TENDING_PER_NUMBER: usize = 2;
const DIALLING_PER_NUMBER: usize = 2;
/// How many pictures are fetched side by side: a slow host must not hold up another client's picture. Tesseract reads one
/// at a time.
const READERS: usize = 4;
/// How often housekeeping runs.
const HOUSEKEEPING: Duration = Duration::from_mins(1);
/// How often somebody looks for notifications to deliver.
const NOTIFY_REST: Duration = Duration::from_secs(1);
/// What is under way when the stop signal comes has this long.
const DRAIN: Duration = Duration::from_mins(1);

/// Runs every loop until the stop signal, then drains.
pub(crate) async fn run(worker: Worker, lanes: u16) {
    let stop = CancellationToken::new();
    let mut loops = JoinSet::new();
    let Worker { db, owner, policy, router, turns, dispatchers, diallers, notifier, reader } = worker;
    let routing = router.clone();
    loops.spawn(repeat("router", stop.clone(), move || route(routing.clone())));
    for _ in 0..lanes {
        let turns = turns.clone();
        loops.spawn(repeat("turns", stop.clone(), move || take_turn(turns.clone())));
    }
    for dispatcher in &dispatchers {
        // Side by side, so that one slow answer of Meta's holds up nobody else.
        for _ in 0..STEPS_PER_NUMBER {
            let dispatcher = dispatcher.clone();
            loops.spawn(repeat("dispatch", stop.clone(), move || dispatch(dispatcher.clone())));
        }
    }
    for dialler in &diallers {
        for _ in 0..TENDING_PER_NUMBER {
            let dialler = dialler.clone();
            loops.spawn(repeat("tend calls", stop.clone(), move || tend(dialler.clone())));
        }
        for _ in 0..DIALLING_PER_NUMBER {
            let dialler = dialler.clone();
            loops.spawn(repeat("dial", stop.clone(), move || dial(dialler.clone())));
        }
    }
    for _ in 0..READERS {
        let reader = reader.clone();
        let stopping = stop.clone();
        loops.spawn(repeat("pictures", stop.clone(), move || read_picture(reader.clone(), stopping.clone())));
    }
    let timer_db = db.clone();
    loops.spawn(repeat("timers", stop.clone(), move || fire_timers(timer_db.clone(), policy)));
    loops.spawn(repeat("notify", stop.clone(), move || notify(notifier.clone())));
    loops.spawn(look_for_silence(db.clone(), stop.clone()));
    loops.spawn(housekeeping(db.clone(), stop.clone()));
    loops.spawn(heartbeat::beat(db.clone(), owner, stop.clone()));
    tracing::info!(lanes, "working");
    startup::stop_signal().await;
    stop.cancel();
    let drained = tokio::time::timeout(DRAIN, async { while loops.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("not everything finished in time; leases run out and others take over");
    }
    if let Err(error) = router.release().await {
        tracing::warn!(error = startup::with_causes(&error), "the router's lease runs out by itself");
    }
    for dispatcher in dispatchers {
        if let Err(error) = dispatcher.release().await {
            tracing::warn!(error = startup::with_causes(&error), "a dispatcher's lease runs out by itself");
        }
    }
    for dialler in diallers {
        if let Err(error) = dialler.release().await {
            tracing::warn!(error = startup::with_causes(&error), "a dialler's lease runs out by itself");
        }
    }
    db.store.close().await;
    tracing::info!("stopped");
}

/// When a step wants to be repeated.
enum Next {
    /// It found work: at once.
    Again,
    /// It found nothing: after a short rest that grows while nothing is found.
    Rest,
    /// It knows when.
    After(Duration),
}

impl Next {
    const fn after(did_work: bool) -> Self {
        if did_work { Self::Again } else { Self::Rest }
    }
}

/// Repeats a step until the stop signal.
async fn repeat<F, Step, E>(name: &'static str, stop: CancellationToken, mut run_step: F)
where
    F: FnMut() -> Step,
    Step: Future<Output = Result<Next, E>>,
    E: Error + 'static,
{
    let mut rest = REST_MIN;
    let mut failure_rest = FAILURE_REST_MIN;
    while !stop.is_cancelled() {
        let pause = match run_step().await {
            Ok(next) => {
                failure_rest = FAILURE_REST_MIN;
                match next {
                    Next::Again => {
                        rest = REST_MIN;
                        continue;
                    }
                    Next::Rest => doubled(&mut rest, REST_MAX),
                    Next::After(pause) => pause,
                }
            }
            Err(error) => {
                let error = startup::with_causes(&error);
                tracing::error!(step = name, error, "a step failed; it is repeated");
                doubled(&mut failure_rest, FAILURE_REST_MAX)
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The pause now; the next one is twice as long, up to a bound.
fn doubled(pause: &mut Duration, max: Duration) -> Duration {
    let now = *pause;
    *pause = (now * 2).min(max);
    now
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

/// The silence detector looks once a minute, and on at once while there is more.
async fn look_for_silence(db: Db, stop: CancellationToken) {
    let mut detector = Detector::new(db);
    while !stop.is_cancelled() {
        match detector.step().await {
            Ok(found) if found.more => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(step = "silence", %error, "a step failed; it is repeated"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
    }
}

async fn notify(notifier: Notifier) -> Result<Next, ToolError> {
    Ok(if notifier.step().await?.did_work() { Next::Again } else { Next::After(NOTIFY_REST) })
}

async fn route(router: Router) -> Result<Next, ToolError> {
    Ok(Next::after(router.step().await?.finished > 0))
}

async fn take_turn(turns: TurnRunner) -> Result<Next, ToolError> {
    Ok(match turns.step().await? {
        TurnStep::Idle | TurnStep::Failed => Next::Rest,
        TurnStep::Worked(_) | TurnStep::Empty => Next::Again,
    })
}

async fn read_picture(reader: Reader, stop: CancellationToken) -> Result<Next, ToolError> {
    Ok(Next::after(reader.step(stop.cancelled()).await?))
}

async fn dispatch(dispatcher: Arc<Dispatcher>) -> Result<Next, DispatchError> {
    let pause = dispatcher.step().await?.pause();
    Ok(if pause.is_zero() { Next::Again } else { Next::After(pause) })
}

async fn tend(dialler: Dialler) -> Result<Next, DialError> {
    Ok(after_calls(&dialler.tend().await?))
}

async fn dial(dialler: Dialler) -> Result<Next, DialError> {
    Ok(after_calls(&dialler.dial().await?))
}

const fn after_calls(report: &StepReport) -> Next {
    let pause = report.pause();
    if pause.is_zero() { Next::Again } else { Next::After(pause) }
}

async fn fire_timers(db: Db, policy: Policy) -> Result<Next, ToolError> {
    Ok(Next::after(timers::step(&db, policy).await? > 0))
}
