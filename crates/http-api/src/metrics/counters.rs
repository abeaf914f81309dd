//! What this process counts from its start.

use std::{sync::Arc, time::Instant};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
    middleware::Next,
    web,
};
use engine::intake::IntakeReport;
use meta_client::SignatureError;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, core::Collector, proto::MetricFamily};

use crate::AppState;

/// In seconds. A webhook is one group commit; Meta gives up after some seconds, we after 15.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0];
/// A path that is none of ours: whatever stands in it is not repeated.
const UNMATCHED: &str = "unmatched";

/// The counters of this process; a clone counts on.
#[derive(Clone, Default)]
pub(crate) struct Counters(Arc<Inner>);

/// `None` where a definition is malformed, which a test excludes: then nothing is counted, and no request fails.
struct Inner {
    answers: Option<IntCounterVec>,
    durations: Option<HistogramVec>,
    events: Option<IntCounterVec>,
    signatures: Option<IntCounterVec>,
}

impl Default for Inner {
    fn default() -> Self {
        let counter =
            |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels).ok();
        let counters = Self {
            answers: counter(
                "concierge_http_answers_total",
                "HTTP requests that this process answered, by route pattern, method and status.",
                &["route", "method", "status"],
            ),
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "concierge_http_answer_duration_seconds",
                    "From a request's head to its answer, by route pattern and method.",
                )
                .buckets(BUCKETS.to_vec()),
                &["route", "method"],
            )
            .ok(),
            events: counter(
                "concierge_webhook_events_total",
                "Events of Meta's webhooks that this process made durable: stored, of them dead (with a dead letter), \
                 and duplicates of stored ones.",
                &["result"],
            ),
            signatures: counter(
                "concierge_webhook_signature_refusals_total",
                "Webhooks refused because they are not provably Meta's.",
                &["reason"],
            ),
        };
        // An alert on an increase needs the 0 before it.
        for result in ["stored", "dead", "duplicate"] {
            add(counters.events.as_ref(), &[result], 0);
        }
        for error in [SignatureError::Missing, SignatureError::Malformed, SignatureError::Mismatch] {
            add(counters.signatures.as_ref(), &[reason(error)], 0);
        }
        counters
    }
}

fn add(counter: Option<&IntCounterVec>, labels: &[&str], by: u64) {
    if let Some(counter) = counter.and_then(|counter| counter.get_metric_with_label_values(labels).ok()) {
        counter.inc_by(by);
    }
}

const fn reason(error: SignatureError) -> &'static str {
    match error {
        SignatureError::Missing => "missing",
        SignatureError::Malformed => "malformed",
        SignatureError::Mismatch => "mismatch",
        SignatureError::BlankSecret | SignatureError::WrongToken => "other",
    }
}

impl Counters {
    /// Counts what became of a webhook's events.
    pub(crate) fn webhook(&self, report: &IntakeReport) {
        let dead = report.dead;
        for (result, events) in [("stored", report.stored), ("dead", dead), ("duplicate", report.duplicates)]
        {
            add(self.0.events.as_ref(), &[result], u64::try_from(events).unwrap_or(u64::MAX));
        }
    }

    /// Counts a webhook that is not provably Meta's.
    pub(crate) fn signature_refused(&self, error: SignatureError) {
        add(self.0.signatures.as_ref(), &[reason(error)], 1);
    }

    pub(super) fn families(&self) -> Vec<MetricFamily> {
        let counters = [&self.0.answers, &self.0.events, &self.0.signatures].into_iter().flatten();
        counters
            .flat_map(Collector::collect)
            .chain(self.0.durations.iter().flat_map(Collector::collect))
            .collect()
    }

    fn answered(&self, route: &str, method: &Method, status: StatusCode, began: Instant) {
        let method = method_of(method);
        add(self.0.answers.as_ref(), &[route, method, status.as_str()], 1);
        let durations = self.0.durations.as_ref();
        if let Some(histogram) =
            durations.and_then(|all| all.get_metric_with_label_values(&[route, method]).ok())
        {
            histogram.observe(began.elapsed().as_secs_f64());
        }
    }
}

/// A method is whatever a caller writes: those of no route of ours are one.
fn method_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts and times every answer. Outermost, so that it sees what the caller gets.
pub(crate) async fn measure<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let began = Instant::now();
    let counters = request.app_data::<web::Data<AppState>>().map(|state| state.counters.clone());
    let method = request.method().clone();
    let answer = next.call(request).await;
    let (route, status) = match &answer {
        Ok(response) => (response.request().match_pattern(), response.status()),
        Err(error) => (None, error.as_response_error().status_code()),
    };
    if let Some(counters) = counters {
        counters.answered(route.as_deref().unwrap_or(UNMATCHED), &method, status, began);
    }
    answer
}
