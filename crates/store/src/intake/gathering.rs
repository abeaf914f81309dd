//! Intake on SQLite: what concurrent requests hand in is gathered and becomes one job of the writer thread.
//!
//! The writer groups closures anyway; but a savepoint for each event, and the pages it sets aside, cost more than
//! the event.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use diesel::result::Error as DieselError;
use tokio::sync::oneshot;

use super::{HandIn, IntakeReport, NewInboundEvent, insert_events, report, sorted, store_events};
use crate::{
    Conn, StoreError, Vault, savepoint,
    writer::{Job, Ran, Writer},
};

type Waiting = Arc<Mutex<Vec<HandIn>>>;

/// What waits for the writer thread.
pub(crate) struct Gathering {
    waiting: Waiting,
    vault: Arc<Vault>,
    waiting_max: usize,
}

impl Gathering {
    pub(crate) fn new(vault: Arc<Vault>, waiting_max: usize) -> Self {
        Self { waiting: Waiting::default(), vault, waiting_max: waiting_max.max(1) }
    }

    /// Hands events in. The answer comes after the COMMIT that holds them.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at once when too many wait, [`StoreError::Closed`] after the writer was closed.
    pub(crate) fn submit(
        &self,
        writer: &Writer,
        events: Vec<NewInboundEvent>,
    ) -> Result<oneshot::Receiver<Result<IntakeReport, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = lock(&self.waiting);
        if waiting.len() >= self.waiting_max {
            return Err(StoreError::Busy);
        }
        // The first calls the writer, whoever comes until it has time goes along.
        let first = waiting.is_empty();
        waiting.push(HandIn { events, reply });
        drop(waiting);
        if first {
            writer.submit_job(Box::new(Gathered {
                waiting: Arc::clone(&self.waiting),
                vault: Arc::clone(&self.vault),
                ran: false,
                taken: Vec::new(),
                results: Vec::new(),
            }))?;
        }
        Ok(answer)
    }
}

/// One job of the writer: takes what waits when its turn comes.
struct Gathered {
    waiting: Waiting,
    vault: Arc<Vault>,
    ran: bool,
    /// Taken once: a second run, after a commit that failed, is for the same.
    taken: Vec<HandIn>,
    /// One for each that was taken.
    results: Vec<Result<IntakeReport, StoreError>>,
}

impl Job for Gathered {
    fn run(&mut self, conn: &mut Conn) -> Ran {
        self.take();
        let stored = catch_unwind(AssertUnwindSafe(|| store_together(conn, &self.vault, &self.taken)));
        let ran = if stored.is_ok() { Ran::Succeeded } else { Ran::Panicked };
        let panicked = |_: &HandIn| Err(StoreError::Panicked);
        self.results = stored.unwrap_or_else(|_| self.taken.iter().map(panicked).collect());
        ran
    }

    fn answer(mut self: Box<Self>, fate: Result<(), StoreError>) {
        // It was not run when not even a transaction could begin.
        self.take();
        let mut results = mem::take(&mut self.results).into_iter();
        for hand_in in mem::take(&mut self.taken) {
            let answer = match (results.next(), &fate) {
                (Some(result), Ok(())) | (Some(result @ Err(_)), Err(_)) => result,
                (_, Err(error)) => Err(likeness(error)),
                (None, Ok(())) => Err(StoreError::Closed),
            };
            // Nobody listens any more when the caller's future was dropped; the events stand.
            let _ = hand_in.reply.send(answer);
        }
    }
}

impl Gathered {
    fn take(&mut self) {
        if !mem::replace(&mut self.ran, true) {
            self.taken = mem::take(&mut *lock(&self.waiting));
        }
    }
}

impl Drop for Gathered {
    /// The writer has not taken this job and never will: whoever waits learns it, and the next one calls again.
    fn drop(&mut self) {
        if !self.ran {
            lock(&self.waiting).clear();
        }
    }
}

/// All in one go; if that fails, each by itself, so that one alone is refused.
fn store_together(
    conn: &mut Conn,
    vault: &Vault,
    hand_ins: &[HandIn],
) -> Vec<Result<IntakeReport, StoreError>> {
    let all = sorted(hand_ins.iter().flat_map(|hand_in| &hand_in.events));
    match savepoint(conn, |conn| store_events(conn, vault, &all)) {
        Ok(stored) => hand_ins.iter().map(|hand_in| Ok(report(&hand_in.events, &stored))).collect(),
        Err(error) if hand_ins.len() == 1 => vec![Err(error)],
        Err(error) => {
            tracing::warn!(%error, hand_ins = hand_ins.len(), "an intake batch failed; storing one by one");
            let alone =
                |hand_in: &HandIn| savepoint(conn, |conn| insert_events(conn, vault, &hand_in.events));
            hand_ins.iter().map(alone).collect()
        }
    }
}

/// The same failure for everybody it met.
fn likeness(error: &StoreError) -> StoreError {
    match error {
        StoreError::Busy => StoreError::Busy,
        StoreError::Closed => StoreError::Closed,
        StoreError::NoTransaction => StoreError::NoTransaction,
        StoreError::CommitUnknown(cause) => StoreError::CommitUnknown(told(cause)),
        StoreError::Database(cause) => StoreError::Database(told(cause)),
        other => StoreError::Database(told(other)),
    }
}

fn told(cause: &dyn std::error::Error) -> DieselError {
    DieselError::QueryBuilderError(cause.to_string().into())
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, Vec<HandIn>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
