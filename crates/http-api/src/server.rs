//! The server: its limits, and how it stops.

use std::{future::Future, io, net::TcpListener, time::Duration};

use actix_web::{HttpServer, dev::Server};

use crate::{AppState, app};

/// The longest that a stop waits for requests in flight.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(10);
/// Open connections per thread.
const CONNECTIONS_MAX: usize = 1_024;
/// The longest that a request's head may take to arrive.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// How long an idle connection is kept for its next request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a closing connection may take, and with it the reading on of a body that was refused.
const DISCONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// Serves on `listener` until `shutdown` resolves: then no connection is taken any more, requests in flight are
/// finished (for at most [`SHUTDOWN_MAX`]) and the returned future ends. The store stays open: closing it is next.
///
/// # Errors
/// The listener can't be used.
pub fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let server = HttpServer::new(move || app(state.clone()))
        .max_connections(CONNECTIONS_MAX)
        .client_request_timeout(HEAD_TIME_MAX)
        .client_disconnect_timeout(DISCONNECT_TIME_MAX)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_MAX.as_secs())
        .shutdown_signal(shutdown)
        .listen(listener)?
        .run();
    Ok(server)
}
