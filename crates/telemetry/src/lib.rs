//! Logs: one subscriber for the whole process, always on standard error. Standard output belongs to what a
//! command prints. Phone numbers and Meta's message ids are masked in whatever is written (`mask.rs`).

mod mask;

use std::io::{self, IsTerminal};

use tracing::{Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, filter_fn},
    fmt::{self, MakeWriter, format::FmtSpan},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, for machines: `timestamp`, `level`, `target`, `fields`, `spans`.
    Json,
    /// One line of text, coloured on a terminal.
    Pretty,
}

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not follow the grammar of [`EnvFilter`]. A matter of configuration (`RUST_LOG`).
    #[error("RUST_LOG is not a tracing filter: {0}")]
    Filter(String),
    /// Logging was started before in this process.
    #[error("logging was already started in this process")]
    AlreadyStarted,
}

/// Starts logging for this process. `filter` is what `RUST_LOG` holds, for example `info,engine=debug`.
pub fn init(format: Format, filter: &str) -> Result<(), TelemetryError> {
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    subscriber(format, filter, io::stderr, colours)?.try_init().map_err(|_| TelemetryError::AlreadyStarted)
}

fn subscriber<W>(
    format: Format,
    filter: &str,
    writer: W,
    colours: bool,
) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| TelemetryError::Filter(error.to_string()))?
        .and(filter_fn(|line| !is_capped(line.target(), *line.level())));
    let lines =
        fmt::layer().with_writer(mask::Masking(writer)).with_ansi(colours).with_span_events(FmtSpan::NONE);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Json => lines.json().with_current_span(false).with_filter(filter).boxed(),
        Format::Pretty => lines.with_filter(filter).boxed(),
    };
    Ok(tracing_subscriber::registry().with(lines))
}

/// Libraries that print what goes over the wire (headers with tokens, bodies with texts), and from which level on
/// they are heard: whatever `RUST_LOG` asks for, that is not ours to print.
const CAPPED: [(&str, Level); 8] = [
    // Its warnings hold what a caller wrote; what matters of them is in the answer.
    ("rmcp", Level::ERROR),
    ("hyper", Level::INFO),
    ("hyper_util", Level::INFO),
    ("h2", Level::INFO),
    ("reqwest", Level::INFO),
    ("rustls", Level::INFO),
    ("actix_http", Level::INFO),
    ("tokio_postgres", Level::INFO),
];

fn is_capped(target: &str, level: Level) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    CAPPED.iter().any(|(name, heard)| library == *name && level > *heard)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written when one event of each of three levels happens inside a span.
    fn written(format: Format, filter: &str) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = subscriber(format, filter, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("turn", request_id = "req_1");
            let _inside = span.enter();
            tracing::debug!("a detail");
            tracing::info!(outcome = "accepted", "asked");
            tracing::error!("broken");
        });
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_is_one_object_a_line_with_its_spans() {
        let text = written(Format::Json, "info");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["fields"]["message"], "asked");
        assert_eq!(lines[0]["fields"]["outcome"], "accepted");
        assert_eq!(lines[0]["spans"][0]["request_id"], "req_1");
        assert_eq!(lines[1]["level"], "ERROR");
    }

    #[test]
    fn pretty_is_one_line_an_event_without_escape_codes() {
        let text = written(Format::Pretty, "info");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("turn{request_id=\"req_1\"}") && text.contains("asked outcome=\"accepted\""));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn numbers_are_masked_in_both_formats_and_in_every_place() {
        for format in [Format::Json, Format::Pretty] {
            let buffer = Buffer::default();
            let writer = buffer.clone();
            let subscriber = subscriber(format, "trace", move || writer.clone(), false).unwrap();
            tracing::subscriber::with_default(subscriber, || {
                let span = tracing::info_span!("person", phone = "+254700000101");
                let _inside = span.enter();
                tracing::info!(id = "wamid.HBgMMjU0NzAw", "wrote to {}", "+254 700 000 202");
            });
            let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
            for part in ["+25…01", "+25…02", "wamid.…"] {
                assert!(text.contains(part), "{part}: {text}");
            }
            assert!(!text.contains("0000") && !text.contains("HBgM"), "{text}");
        }
    }

    #[test]
    fn the_filter_decides() {
        for (filter, lines) in
            [("debug", 3), ("info", 2), ("error", 1), ("off", 0), ("info,telemetry=error", 1)]
        {
            assert_eq!(written(Format::Pretty, filter).lines().count(), lines, "{filter}");
        }
    }

    #[test]
    fn libraries_do_not_print_what_goes_over_the_wire() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = subscriber(Format::Pretty, "trace", move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "rmcp::service", "received notification: secret");
            tracing::debug!(target: "hyper::proto::h1::io", "parsed headers: secret");
            tracing::trace!(target: "h2::codec", "secret");
            tracing::warn!(target: "rmcp::service", "response error: secret");
            tracing::error!(target: "rmcp::service", "an error is heard");
            tracing::debug!(target: "http_api::tools", "ours is heard");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(text.matches("is heard").count(), 2, "{text}");
    }

    #[test]
    fn a_malformed_filter_is_refused() {
        for bad in ["info,engine=loud", "a=b=c", "engine[=debug"] {
            let refused = subscriber(Format::Json, bad, io::sink, false).err().map(|error| error.to_string());
            assert!(refused.is_some_and(|text| text.starts_with("RUST_LOG is not")), "{bad}");
        }
    }

    #[test]
    fn starting_twice_is_an_error_not_a_panic() {
        init(Format::Json, "off").unwrap();
        assert!(matches!(init(Format::Json, "off"), Err(TelemetryError::AlreadyStarted)));
    }
}
