//! `concierge-api`: takes webhooks in, and calls of the tools.

mod heartbeat;

use std::{net::TcpListener, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser};
use http_api::AppState;
use meta_client::WebhookSecrets;
use settings::ApiSettings;
use startup::{Failure, conclude};
use tools::Policy;

/// Receives WhatsApp's webhooks, stores what they bring, and runs the tools for callers with a token.
///
/// Every event is durable before Meta gets its 200; concierge-worker does the rest. `concierge-admin tokens` makes
/// tokens; `GET /openapi.json` describes the tools. Any number of these may share
/// one database. SIGTERM finishes requests in flight, for at most 10 seconds, and stops.
#[derive(Parser)]
#[command(name = "concierge-api", version)]
struct Arguments {}

fn main() -> ExitCode {
    // Wrong use ends here, with clap's own message and exit code 2.
    let matches = Arguments::command().after_help(environment()).get_matches();
    if let Err(error) = Arguments::from_arg_matches(&matches) {
        error.exit();
    }
    conclude("concierge-api", run())
}

/// The variables this program reads, and the exit codes.
fn environment() -> String {
    let mut text = "Environment:\n".to_owned();
    for variable in settings::VARIABLES.iter().filter(|variable| ApiSettings::READS.contains(&variable.name))
    {
        let default = variable.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
        text = format!("{text}  {}{default}\n      {}\n", variable.name, variable.hint);
    }
    text + "\nExit codes:\n  0  stopped as asked\n  2  missing, blank or malformed configuration, or wrong use\n  \
            1  anything else: database unreachable, port in use"
}

fn run() -> Result<(), Failure> {
    let settings = ApiSettings::from_env()?;
    startup::start_logging(&settings.logging)?;
    let secrets = WebhookSecrets::new(settings.webhook.app_secret, settings.webhook.app_secret_previous)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let unusable =
        |error| Failure::Other(format!("BIND_ADDR: cannot listen on {}: {error}", settings.bind_addr));
    // Before the store: a second start by mistake must not touch the database.
    let listener = TcpListener::bind(settings.bind_addr).map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let options = startup::store_options("concierge-api", &settings.database, &settings.data_key)?;
    let db = startup::open(&options, startup::clock(settings.simulation_clock))?;
    let policy = Policy {
        ai_concierge: settings.flags.ai_concierge,
        ocr: settings.flags.ocr,
        calling: settings.flags.calling,
        vendor_inquiries_per_day_max: settings.vendor_inquiries_per_day_max,
    };
    let state = AppState::new(db.clone(), secrets, settings.webhook.verify_token)
        .with_tools(policy, settings.calls_per_minute);

    actix_web::rt::System::new().block_on(async move {
        let server = http_api::serve(listener, state, startup::stop_signal()).map_err(unusable)?;
        let heartbeat = actix_web::rt::spawn(heartbeat::beat(db.clone(), address.port()));
        tracing::info!("concierge-api listens on http://{address}");
        let end = server.await;
        heartbeat.abort();
        db.store.close().await;
        tracing::info!("stopped");
        end.map_err(|error| Failure::Other(format!("the server failed: {error}")))
    })
}
