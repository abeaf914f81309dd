//! Lets things happen when the simulator's clock says so. That clock may run at any speed, or be set by hand, so
//! it is looked at again and again while something is due.

use std::{sync::Arc, time::Duration};

use super::shared::Shared;

/// How often the clock is looked at, in real time.
const TICK: Duration = Duration::from_millis(5);

/// Works until the simulator stops.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut changes = shared.changes();
    loop {
        changes.mark_unchanged();
        let due_ms = shared.core().next_due_ms();
        match due_ms {
            None => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
            Some(at_ms) if at_ms <= shared.now_ms() => shared.advance(),
            Some(_) => tokio::time::sleep(TICK).await,
        }
    }
}
