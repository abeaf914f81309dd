//! `/metrics`: what an operator acts on, as Prometheus reads it.
//!
//! Two sources. [`counters`]: what this process counts itself, from its start. [`families`]: what the database says,
//! the same whichever process is asked; workers share nothing else. Labels come from closed sets alone: no id, no
//! name, no number of anybody.
//!
//! A metric of another table is a query in `store::observation` and a line in [`families`].

mod counters;
mod families;
mod observer;

use std::time::Instant;

use actix_web::{HttpResponse, web};
use prometheus::{TEXT_FORMAT, TextEncoder, proto::MetricFamily};

use crate::{AppState, Code, Problem};

pub(crate) use counters::{Counters, measure};
pub(crate) use observer::Observer;

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/metrics").route(web::get().to(metrics)).default_service(web::to(method_not_allowed)),
    );
}

async fn method_not_allowed() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("GET")))
}

/// A database that cannot be asked is told as such; what this process counts is told in any case.
async fn metrics(state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let began = Instant::now();
    let observed = state.observer.look(&state.db).await;
    let mut told = families::always(observed.is_some(), state.db.store.backend(), began.elapsed());
    told.extend(observed.iter().flat_map(|observed| families::of(observed)));
    told.extend(state.counters.families());
    let text = encode(told).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "the metrics could not be written");
        Problem::new(Code::Internal)
    })?;
    Ok(HttpResponse::Ok().content_type(TEXT_FORMAT).body(text))
}

/// A family without a sample has nothing to say, and the encoder refuses it.
fn encode(mut families: Vec<MetricFamily>) -> Result<String, prometheus::Error> {
    families.retain(|family| !family.get_metric().is_empty());
    families.sort_by(|a, b| a.name().cmp(b.name()));
    TextEncoder::new().encode_to_string(&families)
}
