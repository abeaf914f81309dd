//! The settings of each programme.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use marketplace::ScaledClock;

use crate::{
    database::{self, DataKeySource, DatabaseUrl},
    fault::ConfigError,
    lookup::{Lookup, ProcessEnvironment},
    meta::{self, MetaSending, MetaWebhook},
    moltbot::Moltbot,
    ocr::Ocr,
    operators::OperatorWebhook,
    reader::{Parsed, Reader},
    shared::{Flags, Logging, OutboundLimits, simulation_clock, vendor_inquiries},
    variables::{
        AI_CONCIERGE_ENABLED, API_CALLS_PER_MINUTE, BIND_ADDR, CALLING_ENABLED, DATA_KEY, DATABASE_URL,
        LOG_FORMAT, META_API_BASE, META_APP_SECRET, META_APP_SECRET_PREVIOUS, META_VERIFY_TOKEN, OCR_ENABLED,
        RUST_LOG, SIMULATION_CLOCK, TEMPLATES_FILE, VENDOR_INQUIRIES_PER_DAY_MAX,
    },
    voice::VoiceGateway,
};

/// `concierge-api`. It neither sends nor asks Moltbot, so it holds neither of those tokens.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Which database.
    pub database: DatabaseUrl,
    /// The key of personal data.
    pub data_key: DataKeySource,
    /// Where to listen; port 0 takes a free one.
    pub bind_addr: SocketAddr,
    /// Calls of the tools that one token may make in a minute, at most 100,000.
    pub calls_per_minute: NonZeroU32,
    /// Webhook secrets.
    pub webhook: MetaWebhook,
    /// The template catalogue; `None` for the built-in names.
    pub templates_file: Option<PathBuf>,
    /// Feature flags.
    pub flags: Flags,
    /// First messages that one vendor gets in 24 hours, 1 to 1,000.
    pub vendor_inquiries_per_day_max: u32,
    /// Logs.
    pub logging: Logging,
    /// The clock of a simulation.
    pub simulation_clock: Option<ScaledClock>,
}

impl ApiSettings {
    /// The variables that [`Self::read`] looks at.
    pub const READS: &[&str] = &[
        DATABASE_URL.name,
        DATA_KEY.name,
        BIND_ADDR.name,
        API_CALLS_PER_MINUTE.name,
        META_APP_SECRET.name,
        META_APP_SECRET_PREVIOUS.name,
        META_VERIFY_TOKEN.name,
        META_API_BASE.name,
        TEMPLATES_FILE.name,
        AI_CONCIERGE_ENABLED.name,
        OCR_ENABLED.name,
        CALLING_ENABLED.name,
        VENDOR_INQUIRIES_PER_DAY_MAX.name,
        RUST_LOG.name,
        LOG_FORMAT.name,
        SIMULATION_CLOCK.name,
    ];

    /// From the environment of this process.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&ProcessEnvironment)
    }

    /// From any source of variables.
    pub fn read(lookup: &dyn Lookup) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let database = database::read(&mut reader);
        let bind_addr = reader.or_default(&BIND_ADDR, |text| {
            text.parse().map_err(|_| "is not an address with a port".to_owned())
        });
        let calls_per_minute = reader.or_default(&API_CALLS_PER_MINUTE, parse_calls);
        let webhook = MetaWebhook::read(&mut reader);
        let meta_base = meta::read_base(&mut reader);
        let templates_file = reader.optional(&TEMPLATES_FILE, |text| Ok(PathBuf::from(text)));
        let flags = Flags::read(&mut reader);
        let vendor_inquiries = vendor_inquiries(&mut reader);
        let logging = Logging::read(&mut reader);
        let simulation_clock = simulation_clock(&mut reader, &meta_base);
        reader.finish(|| {
            let (database, data_key) = database?;
            Ok(Self {
                database,
                data_key,
                bind_addr: bind_addr?,
                calls_per_minute: calls_per_minute?,
                webhook: webhook?,
                templates_file: templates_file?,
                flags: flags?,
                vendor_inquiries_per_day_max: vendor_inquiries?,
                logging: logging?,
                simulation_clock: simulation_clock?,
            })
        })
    }
}

fn parse_calls(text: &str) -> Parsed<NonZeroU32> {
    let calls = text.parse().ok().filter(|calls: &NonZeroU32| calls.get() <= 100_000);
    calls.ok_or_else(|| "is not a number from 1 to 100000".to_owned())
}

/// `concierge-worker`. It receives no webhooks, so it holds none of their secrets.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Which database.
    pub database: DatabaseUrl,
    /// The key of personal data.
    pub data_key: DataKeySource,
    /// What it takes to send.
    pub meta: MetaSending,
    /// The template catalogue; `None` for the built-in names.
    pub templates_file: Option<PathBuf>,
    /// How much may leave before the breaker opens.
    pub outbound: OutboundLimits,
    /// The brain; `Some` exactly when `flags.ai_concierge` is set.
    pub moltbot: Option<Moltbot>,
    /// Feature flags.
    pub flags: Flags,
    /// First messages that one vendor gets in 24 hours, 1 to 1,000.
    pub vendor_inquiries_per_day_max: u32,
    /// How pictures are read, where they are.
    pub ocr: Ocr,
    /// The voice leg; `Some` whenever `flags.calling` is set.
    pub voice_gateway: Option<VoiceGateway>,
    /// Where people are told that something waits for them.
    pub operator_webhook: Option<OperatorWebhook>,
    /// Logs.
    pub logging: Logging,
    /// The clock of a simulation.
    pub simulation_clock: Option<ScaledClock>,
}

impl WorkerSettings {
    /// From the environment of this process.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&ProcessEnvironment)
    }

    /// From any source of variables.
    pub fn read(lookup: &dyn Lookup) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let database = database::read(&mut reader);
        let meta_base = meta::read_base(&mut reader);
        let meta = MetaSending::read(&mut reader, meta_base.clone());
        let templates_file = reader.optional(&TEMPLATES_FILE, |text| Ok(PathBuf::from(text)));
        let outbound = OutboundLimits::read(&mut reader);
        let flags = Flags::read(&mut reader);
        let vendor_inquiries = vendor_inquiries(&mut reader);
        let moltbot = Moltbot::read(&mut reader, flags.as_ref().is_ok_and(|flags| flags.ai_concierge));
        let ocr = Ocr::read(&mut reader);
        let voice_gateway = VoiceGateway::read(&mut reader, flags.as_ref().is_ok_and(|flags| flags.calling));
        let operator_webhook = OperatorWebhook::read(&mut reader);
        let logging = Logging::read(&mut reader);
        let simulation_clock = simulation_clock(&mut reader, &meta_base);
        reader.finish(|| {
            let (database, data_key) = database?;
            Ok(Self {
                database,
                data_key,
                meta: meta?,
                templates_file: templates_file?,
                outbound: outbound?,
                moltbot: moltbot?,
                flags: flags?,
                vendor_inquiries_per_day_max: vendor_inquiries?,
                ocr: ocr?,
                voice_gateway: voice_gateway?,
                operator_webhook: operator_webhook?,
                logging: logging?,
                simulation_clock: simulation_clock?,
            })
        })
    }
}

/// `concierge-admin`, for the commands that open the database.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// Which database.
    pub database: DatabaseUrl,
    /// The key of personal data.
    pub data_key: DataKeySource,
    /// Logs.
    pub logging: Logging,
}

impl AdminSettings {
    /// From the environment of this process.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&ProcessEnvironment)
    }

    /// From any source of variables.
    pub fn read(lookup: &dyn Lookup) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let database = database::read(&mut reader);
        let logging = Logging::read(&mut reader);
        reader.finish(|| {
            let (database, data_key) = database?;
            Ok(Self { database, data_key, logging: logging? })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::*;

    #[test]
    fn the_api_says_what_it_reads() {
        let asked = RefCell::new(BTreeSet::new());
        let lookup = |variable: &str| {
            asked.borrow_mut().insert(variable.to_owned());
            None
        };
        let _ = ApiSettings::read(&lookup);
        assert_eq!(asked.into_inner(), ApiSettings::READS.iter().map(ToString::to_string).collect());
    }
}
