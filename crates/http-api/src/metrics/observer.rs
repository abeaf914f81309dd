//! Looks at the database, once a second at most however many ask.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use store::{
    Db, StoreError,
    observation::{self, Observation},
};
use tokio::sync::Mutex;

/// How long a look is shared.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// The last look, shared by everybody who asks within a second; who asks during a look waits for it.
#[derive(Clone, Default)]
pub(crate) struct Observer(Arc<Mutex<Option<Look>>>);

struct Look {
    at: Instant,
    /// `None` when the database could not be asked.
    seen: Option<Arc<Observation>>,
}

impl Observer {
    /// What the database says now, or said a second ago; `None` when it cannot be asked.
    pub(crate) async fn look(&self, db: &Db) -> Option<Arc<Observation>> {
        let mut last = self.0.lock().await;
        if let Some(look) = last.as_ref().filter(|look| look.at.elapsed() < SHARED_FOR) {
            return look.seen.clone();
        }
        let seen: Result<Observation, StoreError> = db.read(observation::observe).await;
        let seen = seen
            .inspect_err(|error| {
                tracing::warn!(error = error as &dyn std::error::Error, "the database cannot be observed");
            })
            .ok()
            .map(Arc::new);
        *last = Some(Look { at: Instant::now(), seen: seen.clone() });
        seen
    }
}
