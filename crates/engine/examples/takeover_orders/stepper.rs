//! Drives a future one wake at a time, so that something else can happen between any two of its steps.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use tokio::sync::Notify;

struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Runs `work` to its end; before each of its steps `between` runs, to its own end.
pub(crate) async fn stepped<T>(work: impl Future<Output = T>, mut between: impl AsyncFnMut()) -> T {
    let woken = Arc::new(Woken(Notify::new()));
    let waker = Waker::from(Arc::clone(&woken));
    let mut work = pin!(work);
    loop {
        between().await;
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        woken.0.notified().await;
    }
}
