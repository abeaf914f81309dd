//! Says in the database that this worker lives: what `/readyz` and `/metrics` tell of workers comes from there.

use std::time::Duration;

use store::{Db, StoreError, inbound};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often, in real time.
const PERIOD: Duration = Duration::from_secs(5);
/// A worker that was killed leaves its row, and the next one has another name: after this long it goes.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);
const ROLE: &str = "worker";

/// Beats under `owner`, the name of this process's leases, until the stop signal; then the row goes.
pub(crate) async fn beat(db: Db, owner: String, stop: CancellationToken) {
    let forgotten: Result<(), StoreError> =
        db.write(|tx| inbound::forget_silent(tx, ROLE, FORGOTTEN_AFTER)).await;
    report(forgotten);
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = period.tick() => {}
        }
        let process = owner.clone();
        report(db.write(move |tx| inbound::beat(tx, &process, ROLE)).await);
    }
    report(db.write(move |tx| inbound::stop_beating(tx, &owner)).await);
}

fn report(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(error = startup::with_causes(&error), "no heartbeat");
    }
}
