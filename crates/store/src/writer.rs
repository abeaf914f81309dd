//! Group commit on SQLite: one thread owns the only writing connection of this process.
//!
//! A commit on SQLite is an fsync; a thousand closures in one transaction cost little more than one. The
//! thread takes what is queued, runs each closure in a savepoint of its own, commits, and only then answers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{Conn, StoreError, error::is_contention, pool::Target};

/// The most closures in one transaction.
const GROUP_MAX: usize = 256;
/// The longest that a transaction takes in further closures.
const GROUP_TIME: Duration = Duration::from_millis(5);
/// How often a closure on its own is tried against a locked database (each try waits `busy_timeout`).
const TRIES_ALONE: u32 = 3;

/// The writer thread's queue. Dropping it lets the thread work off what is queued and end.
pub(crate) struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread over `conn`; `target` opens another connection if that one breaks.
    pub(crate) fn start(conn: Conn, target: Target, queue_max: usize) -> Result<Self, StoreError> {
        let (sender, receiver) = sync_channel(queue_max.max(1));
        let mut worker = Worker { conn, target };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || worker.work(&receiver))
            .map_err(|error| StoreError::Unreachable {
                target: "the writer thread".to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Queues a closure. Its answer comes after the COMMIT that holds it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at once when the queue is full, [`StoreError::Closed`] after [`Self::close`].
    pub(crate) fn submit<T, E, F>(&self, work: F) -> Result<oneshot::Receiver<Result<T, E>>, StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit_job(Box::new(Closure { work, reply, result: None }))?;
        Ok(answer)
    }

    /// Queues a job that answers by itself.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub(crate) fn submit_job(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Closed),
        }
    }

    /// Refuses new closures, works off what is queued and waits for the thread.
    pub(crate) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread had panicked");
        }
    }
}

/// One queued piece of work, its types erased.
pub(crate) trait Job: Send {
    /// Does the work in what is open on `conn` and keeps its result for [`Self::answer`].
    fn run(&mut self, conn: &mut Conn) -> Ran;
    /// Tells whoever asked: the kept result if its transaction committed, else why it did not.
    fn answer(self: Box<Self>, fate: Result<(), StoreError>);
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// What it wrote is to stay.
    Succeeded,
    /// What it wrote is undone.
    Refused,
    /// The same, and it gets no second try.
    Panicked,
}

struct Closure<T, E, F> {
    work: F,
    reply: oneshot::Sender<Result<T, E>>,
    result: Option<Result<T, E>>,
}

impl<T, E, F> Job for Closure<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnMut(&mut Conn) -> Result<T, E> + Send,
{
    fn run(&mut self, conn: &mut Conn) -> Ran {
        let (ran, result) = match catch_unwind(AssertUnwindSafe(|| (self.work)(conn))) {
            Ok(Ok(value)) => (Ran::Succeeded, Ok(value)),
            Ok(Err(error)) => (Ran::Refused, Err(error)),
            Err(_) => (Ran::Panicked, Err(StoreError::Panicked.into())),
        };
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, fate: Result<(), StoreError>) {
        let answer = match (self.result, fate) {
            // Its own error stands: it wrote nothing, whatever became of the transaction around it.
            (Some(result), Ok(())) | (Some(result @ Err(_)), Err(_)) => result,
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(StoreError::Closed.into()),
        };
        // Nobody listens any more when the caller's future was dropped; the write stands.
        let _ = self.reply.send(answer);
    }
}

struct Worker {
    conn: Conn,
    target: Target,
}

impl Worker {
    fn work(&mut self, queue: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = queue.recv() {
            self.reopen_if_broken();
            self.run_group(first, queue);
        }
    }

    /// One transaction over `first` and whatever else is queued.
    fn run_group(&mut self, first: Box<dyn Job>, queue: &Receiver<Box<dyn Job>>) {
        if let Err(error) = self.conn.begin() {
            return first.answer(Err(busy_if_locked(error)));
        }
        let started = Instant::now();
        let mut group: Vec<(Box<dyn Job>, Ran)> = Vec::new();
        let mut next = Some(first);
        let mut lost = None;
        while let Some(mut job) = next {
            let (ran, outcome) = run_in_savepoint(&mut self.conn, job.as_mut());
            group.push((job, ran));
            if let Err(error) = outcome {
                lost = Some(error);
                break;
            }
            let room = group.len() < GROUP_MAX && started.elapsed() < GROUP_TIME;
            next = if room { queue.try_recv().ok() } else { None };
        }
        let committed = match lost {
            Some(error) => {
                // What is left of the transaction goes; if even that fails the connection is replaced.
                let _ = roll_back_to(&mut self.conn, 0);
                Err(error)
            }
            None => self.conn.commit().map_err(StoreError::from),
        };
        match committed {
            Ok(()) => group.into_iter().for_each(|(job, _)| job.answer(Ok(()))),
            Err(error) => {
                tracing::warn!(%error, closures = group.len(), "a group commit failed; retrying one by one");
                for (job, ran) in group {
                    self.run_alone(job, ran);
                }
            }
        }
    }

    /// A transaction for one closure, after its group failed.
    fn run_alone(&mut self, mut job: Box<dyn Job>, before: Ran) {
        // A panic is a defect, not contention: it gets no second try.
        if before == Ran::Panicked {
            return job.answer(Ok(()));
        }
        let mut tries = 0;
        loop {
            self.reopen_if_broken();
            tries += 1;
            let error = match self.try_alone(job.as_mut()) {
                Ok(()) => return job.answer(Ok(())),
                Err(error) => error,
            };
            let contended = matches!(&error, StoreError::Database(error) if is_contention(error));
            if !contended || tries >= TRIES_ALONE {
                return job.answer(Err(busy_if_locked(error)));
            }
        }
    }

    fn try_alone(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.conn.begin()?;
        match run_in_savepoint(&mut self.conn, job) {
            (_, Ok(())) => self.conn.commit().map_err(StoreError::from),
            (_, Err(error)) => {
                let _ = roll_back_to(&mut self.conn, 0);
                Err(error)
            }
        }
    }

    fn reopen_if_broken(&mut self) {
        if self.conn.depth() == Some(0) {
            return;
        }
        match self.target.open() {
            Ok(conn) => self.conn = conn,
            // The next BEGIN fails and its caller is told.
            Err(error) => tracing::error!(%error, "the store's writing connection can't be reopened"),
        }
    }
}

/// Runs one closure in a savepoint. The second part says whether the transaction around it still stands.
fn run_in_savepoint(conn: &mut Conn, job: &mut dyn Job) -> (Ran, Result<(), StoreError>) {
    if let Err(error) = conn.begin_savepoint() {
        return (Ran::Refused, Err(error));
    }
    let ran = job.run(conn);
    // 1 is the transaction, 2 this savepoint; a panic may have left deeper ones open.
    let outcome = match ran {
        Ran::Succeeded if conn.depth() == Some(2) => conn.commit().map_err(StoreError::from),
        Ran::Succeeded => Err(StoreError::NoTransaction),
        Ran::Refused | Ran::Panicked => roll_back_to(conn, 1),
    };
    (ran, outcome)
}

fn roll_back_to(conn: &mut Conn, depth: u32) -> Result<(), StoreError> {
    while conn.depth().is_some_and(|open| open > depth) {
        conn.rollback()?;
    }
    match conn.depth() {
        Some(open) if open == depth => Ok(()),
        _ => Err(StoreError::NoTransaction),
    }
}

/// Another process held the lock for the whole `busy_timeout`: nothing was done.
fn busy_if_locked(error: StoreError) -> StoreError {
    match error {
        StoreError::Database(error) if is_contention(&error) => StoreError::Busy,
        other => other,
    }
}
