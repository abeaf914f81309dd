//! Says in the database that webhooks can come in: reply deadlines count only time in which they could.

use std::time::Duration;

use store::{Db, StoreError, inbound};
use tokio::time::{MissedTickBehavior, interval};

/// How often, in real time.
const PERIOD: Duration = Duration::from_secs(5);
/// A process that was not heard of for so long is gone: machines and ports change with every deployment.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);
const ROLE: &str = "api";

/// Beats until it is aborted. A process of the same machine and port takes its predecessor's row over.
pub(crate) async fn beat(db: Db, port: u16) {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let process = format!("{machine}:{port}");
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        let process = process.clone();
        let beaten: Result<(), StoreError> = db
            .write(move |tx| {
                inbound::beat(tx, &process, ROLE)?;
                inbound::forget_silent(tx, ROLE, FORGOTTEN_AFTER)
            })
            .await;
        if let Err(error) = beaten {
            tracing::warn!(error = &error as &dyn std::error::Error, "no heartbeat");
        }
    }
}
