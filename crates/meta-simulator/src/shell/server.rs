//! Starting the server on threads of its own.

use std::{io, net::TcpListener, sync::Arc, thread, time::Duration};

use actix_web::{App, HttpServer, rt::System, web};
use tokio::sync::{mpsc, watch};

use super::{
    alarm,
    connection::Connection,
    control, graph,
    handle::Handle,
    poster,
    shared::{Job, Shared},
};
use crate::{Config, Error};

/// Meta in a box.
#[derive(Debug, Clone, Copy)]
pub struct MetaSimulator;

impl MetaSimulator {
    /// Binds the address and starts the server on its own threads, so that it runs beside any runtime.
    /// It stops with [`Handle::shutdown`], or when the last handle is dropped.
    pub fn start(config: Config) -> Result<Handle, Error> {
        if config.numbers.is_empty() {
            return Err(Error::NoBusinessNumber);
        }
        // Fails when a provider is already installed, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();

        let listener = TcpListener::bind(&config.bind).map_err(Error::Start)?;
        let address = listener.local_addr().map_err(Error::Start)?;
        let (jobs, waiting_jobs) = mpsc::unbounded_channel();
        let base_url = format!("http://{address}");
        let shared = Arc::new(Shared::new(config, base_url, jobs, watch::Sender::new(false)));
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("meta-simulator".to_owned())
            .spawn(move || System::new().block_on(serve(listener, for_thread, waiting_jobs)))
            .map_err(Error::Start)?;
        Ok(Handle::new(shared, thread))
    }
}

async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    jobs: mpsc::UnboundedReceiver<Job>,
) -> io::Result<()> {
    let state = web::Data::from(Arc::clone(&shared));
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).configure(control::routes).configure(graph::routes)
    })
    .workers(1)
    .disable_signals()
    // Longer than clients keep idle connections: a connection is lost by a fault of the plan only.
    .keep_alive(Duration::from_mins(5))
    .on_connect(Connection::remember)
    .listen(listener)?
    .run();
    let handle = server.handle();
    let mut stopped = shared.stopped();
    let alarm = actix_web::rt::spawn(alarm::run(Arc::clone(&shared)));
    let poster = actix_web::rt::spawn(poster::run(shared, jobs));
    actix_web::rt::spawn(async move {
        stopped.wait_for(|&stop| stop).await.ok();
        handle.stop(false).await;
    });
    let result = server.await;
    alarm.abort();
    poster.abort();
    result
}
