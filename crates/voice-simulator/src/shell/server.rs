//! Starting the server on a thread of its own.

use std::{io, net::TcpListener, sync::Arc, thread, time::Duration};

use actix_web::{App, HttpServer, rt::System, web};

use super::{connection::Connection, control, handle::Handle, routes, shared::Shared};
use crate::{Config, Error};

/// A media server in a box.
#[derive(Debug, Clone, Copy)]
pub struct VoiceSimulator;

impl VoiceSimulator {
    /// Binds the address and starts the server on its own threads, so that it runs beside any runtime.
    /// It stops with [`Handle::shutdown`], or when the last handle is dropped.
    pub fn start(config: Config) -> Result<Handle, Error> {
        let listener = TcpListener::bind(&config.bind).map_err(Error::Start)?;
        let address = listener.local_addr().map_err(Error::Start)?;
        let shared = Arc::new(Shared::new(config, format!("http://{address}")));
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("voice-simulator".to_owned())
            .spawn(move || System::new().block_on(serve(listener, for_thread)))
            .map_err(Error::Start)?;
        Ok(Handle::new(shared, thread))
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let mut stopped = shared.stopped();
    let state = web::Data::from(shared);
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).configure(control::routes).configure(routes::routes)
    })
    .workers(1)
    .disable_signals()
    // Longer than clients keep idle connections: a connection is lost by a fault alone.
    .keep_alive(Duration::from_mins(5))
    .on_connect(Connection::remember)
    .listen(listener)?
    .run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        stopped.wait_for(|&stop| stop).await.ok();
        handle.stop(false).await;
    });
    server.await
}
