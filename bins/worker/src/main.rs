//! `concierge-worker`: routes events, works lanes, sends messages, fires timers.

mod heartbeat;
mod loops;
mod wiring;

use std::process::ExitCode;

use clap::Parser;
use settings::WorkerSettings;
use startup::{Failure, conclude};

/// Routes stored webhook events, works each request's lane, sends what tools queued and fires timers.
///
/// Configuration comes from the environment; `.env.example` lists every variable. Any number of workers may
/// share one database. SIGTERM finishes what is under way and stops.
#[derive(Parser)]
#[command(name = "concierge-worker", version)]
struct Arguments {
    /// How many lanes (requests) are worked at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    lanes: u16,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    conclude("concierge-worker", run(&arguments))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = WorkerSettings::from_env()?;
    startup::start_logging(&settings.logging)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(async {
        let worker = wiring::wire(&settings).await?;
        loops::run(worker, arguments.lanes).await;
        Ok(())
    })
}
