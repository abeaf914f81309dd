//! Parts that several programmes share: flags, logging, the simulation's clock.

use marketplace::ScaledClock;
use secrecy::SecretString;

use crate::{
    reader::{Faulty, Parsed, Reader},
    variables::{
        AI_CONCIERGE_ENABLED, CALLING_ENABLED, LOG_FORMAT, OCR_ENABLED, OUTBOUND_PER_HOUR_MAX,
        OUTBOUND_PER_VENDOR_PER_DAY_MAX, RUST_LOG, SIMULATION_CLOCK, VENDOR_INQUIRIES_PER_DAY_MAX,
    },
    web::HttpUrl,
};

/// The feature flags. The environment is the ceiling: a row in the database can only switch further off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Moltbot is asked.
    pub ai_concierge: bool,
    /// Pictures are read.
    pub ocr: bool,
    /// Calls may be placed, with consent.
    pub calling: bool,
}

impl Flags {
    pub(crate) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let ai_concierge = reader.or_default(&AI_CONCIERGE_ENABLED, parse_flag);
        let ocr = reader.or_default(&OCR_ENABLED, parse_flag);
        let calling = reader.or_default(&CALLING_ENABLED, parse_flag);
        Ok(Self { ai_concierge: ai_concierge?, ocr: ocr?, calling: calling? })
    }
}

/// How much may leave before the breaker opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundLimits {
    /// `OUTBOUND_PER_HOUR_MAX`: messages of all processes in an hour, 1 to 1,000,000.
    pub per_hour: u32,
    /// `OUTBOUND_PER_VENDOR_PER_DAY_MAX`: messages to one vendor in 24 hours, 1 to 1,000,000.
    pub per_vendor_per_day: u32,
}

impl OutboundLimits {
    pub(crate) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let per_hour = reader.or_default(&OUTBOUND_PER_HOUR_MAX, parse_volume);
        let per_vendor_per_day = reader.or_default(&OUTBOUND_PER_VENDOR_PER_DAY_MAX, parse_volume);
        Ok(Self { per_hour: per_hour?, per_vendor_per_day: per_vendor_per_day? })
    }
}

/// Zero is no limit but a switch, and there is one.
fn parse_volume(text: &str) -> Parsed<u32> {
    match text.parse::<u32>() {
        Ok(messages) if (1..=1_000_000).contains(&messages) => Ok(messages),
        _ => Err("is not a number of messages from 1 to 1000000".to_owned()),
    }
}

/// `VENDOR_INQUIRIES_PER_DAY_MAX`.
pub(crate) fn vendor_inquiries(reader: &mut Reader) -> Result<u32, Faulty> {
    reader.or_default(&VENDOR_INQUIRIES_PER_DAY_MAX, |text| match text.parse::<u32>() {
        Ok(inquiries) if (1..=1_000).contains(&inquiries) => Ok(inquiries),
        _ => Err("is not a number of inquiries from 1 to 1000".to_owned()),
    })
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// `RUST_LOG` and `LOG_FORMAT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// A tracing filter; its grammar is checked where logging starts.
    pub filter: String,
    /// Form of the lines.
    pub format: LogFormat,
}

impl Logging {
    pub(crate) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let filter = reader.or_default(&RUST_LOG, |text| Ok(text.to_owned()));
        let format = reader.or_default(&LOG_FORMAT, |text| match text {
            "json" => Ok(LogFormat::Json),
            "pretty" => Ok(LogFormat::Pretty),
            _ => Err("is neither json nor pretty".to_owned()),
        });
        Ok(Self { filter: filter?, format: format? })
    }
}

/// A faster clock must never drive messages to real people, hence the loopback condition.
pub(crate) fn simulation_clock(
    reader: &mut Reader,
    meta: &Result<HttpUrl, Faulty>,
) -> Result<Option<ScaledClock>, Faulty> {
    let clock = reader.optional(&SIMULATION_CLOCK, |text| {
        text.parse().map_err(|_| "is not a start and a speed".to_owned())
    })?;
    match (clock, meta) {
        (Some(_), Ok(base)) if !base.is_loopback() => {
            Err(reader.fault(&SIMULATION_CLOCK, "is refused because META_API_BASE is not a loopback address"))
        }
        (clock, _) => Ok(clock),
    }
}

/// Any text; blank was refused before.
#[expect(clippy::unnecessary_wraps, reason = "has the form of a parser")]
pub(crate) fn secret(text: &str) -> Parsed<SecretString> {
    Ok(text.into())
}

/// A secret that travels in an HTTP header.
pub(crate) fn token(text: &str) -> Parsed<SecretString> {
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.into())
    } else {
        Err("has characters that cannot stand in an HTTP header".to_owned())
    }
}

fn parse_flag(text: &str) -> Parsed<bool> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("is neither true nor false".to_owned()),
    }
}
