//! What the three programmes share at their start and end: settings become a store and a clock, faults become
//! one message and an exit code, a signal becomes a graceful stop.

use std::{error::Error, process::ExitCode, sync::Arc};

use marketplace::{Clock, RandomIds, ScaledClock, SystemClock};
use secrecy::ExposeSecret as _;
use settings::{ConfigError, DataKeySource, DatabaseUrl, LogFormat, Logging, exit};
use store::{Db, MasterKey, OpenOptions, Store, StoreError};
use telemetry::TelemetryError;

/// Why a programme could not start or go on. Its message is all that a person sees.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is missing, blank or malformed: exit code 2.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The log filter is malformed: exit code 2.
    #[error("{0}")]
    Telemetry(#[from] TelemetryError),
    /// Wrong use that the command line parser cannot see: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The store cannot be opened: exit code 1.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Anything else: exit code 1.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// A failure told in the words of an error and its causes.
    pub fn from_error(error: &(dyn Error + 'static)) -> Self {
        Self::Other(with_causes(error))
    }

    /// 2 for what only a change of configuration can help, else 1.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Telemetry(_) | Self::Usage(_) => exit::USAGE,
            Self::Store(_) | Self::Other(_) => exit::FAILED,
        }
    }
}

/// Runs a programme and turns its failure into one message on standard error and the documented exit code.
pub fn conclude(programme: &str, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(failure) => {
            eprintln!("{programme}: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Starts logging as the settings say.
pub fn start_logging(logging: &Logging) -> Result<(), Failure> {
    let format = match logging.format {
        LogFormat::Json => telemetry::Format::Json,
        LogFormat::Pretty => telemetry::Format::Pretty,
    };
    Ok(telemetry::init(format, &logging.filter)?)
}

/// Domain time: the machine's clock, or a simulation's.
pub fn clock(simulation: Option<ScaledClock>) -> Arc<dyn Clock> {
    match simulation {
        Some(clock) => {
            tracing::warn!(speed = clock.speed(), "domain time runs on a simulation's clock");
            Arc::new(clock)
        }
        None => Arc::new(SystemClock),
    }
}

/// How to open the store that the settings name.
pub fn store_options(
    programme: &str,
    database: &DatabaseUrl,
    data_key: &DataKeySource,
) -> Result<OpenOptions, Failure> {
    let url = match database {
        DatabaseUrl::Sqlite { path } => format!("sqlite://{}", path.display()),
        DatabaseUrl::Postgres(url) => url.expose_secret().to_owned(),
    };
    let data_key = match data_key {
        DataKeySource::Given(key) => {
            store::DataKeySource::Given(MasterKey::parse(&hex::encode(key.expose()))?)
        }
        DataKeySource::File(_) => store::DataKeySource::FileBesideDatabase,
    };
    // Ids carry real time even in a simulation: they must sort across processes that share no scaled clock.
    let ids = Arc::new(RandomIds::new(Arc::new(SystemClock)));
    let mut options = OpenOptions::new(url, data_key, ids);
    programme.clone_into(&mut options.application_name);
    Ok(options)
}

/// Opens the store with its sources of ids and time.
pub fn open(options: &OpenOptions, clock: Arc<dyn Clock>) -> Result<Db, Failure> {
    let store = Store::open(options)?;
    Ok(Db { store, ids: options.ids.clone(), clock, lease_clock: Arc::new(SystemClock) })
}

/// Resolves at SIGTERM or SIGINT, or at once when signals cannot be listened to.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot listen to signals; stopping");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stop asked for; finishing what is under way");
}

/// An error with its causes, on one line.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_faults_exit_with_2_and_the_rest_with_1() {
        assert_eq!(Failure::Usage("no".to_owned()).exit_code(), 2);
        assert_eq!(Failure::Telemetry(TelemetryError::Filter("x".to_owned())).exit_code(), 2);
        assert_eq!(Failure::Store(StoreError::Busy).exit_code(), 1);
        assert_eq!(Failure::Other("x".to_owned()).exit_code(), 1);
    }

    #[test]
    fn causes_are_told_once() {
        let failure = Failure::Store(StoreError::Busy);
        assert_eq!(with_causes(&failure), "the store is at its limit, try later");
    }
}
