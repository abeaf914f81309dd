//! `/healthz`: the process runs. `/readyz`: it can take webhooks. Both say which, and no more than which.

use actix_web::{HttpResponse, web};
use engine::intake::IntakeError;
use serde::Serialize;
use store::{StoreError, observation::Observation};

use crate::{AppState, Code, Problem};

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    for (path, route) in [("/healthz", web::get().to(healthz)), ("/readyz", web::get().to(readyz))] {
        config.service(web::resource(path).route(route).default_service(web::to(method_not_allowed)));
    }
}

async fn method_not_allowed() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("GET")))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    /// What this process needs to take webhooks.
    checks: [Check; 3],
    /// What does not keep it from that, and wants to be known all the same.
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ready: bool,
    #[serde(flatten)]
    problem: Option<Fault>,
}

/// What is wrong and what helps, as codes; the log says more.
#[derive(Clone, Copy, Serialize)]
struct Fault {
    problem: &'static str,
    hint: &'static str,
}

impl Check {
    fn new(name: &'static str, problem: Option<Fault>) -> Self {
        Self { name, ready: problem.is_none(), problem }
    }
}

#[derive(Serialize)]
struct Note {
    name: &'static str,
    #[serde(flatten)]
    fault: Fault,
    /// How many, where that can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
}

/// What the other processes and the operator should know; none of it is a reason to take no webhooks.
fn notes(seen: &Observation) -> Vec<Note> {
    let note = |name, problem, hint, count| Note { name, fault: Fault { problem, hint }, count };
    let (unknown, paused) = (seen.unknown_sends(), seen.numbers_paused);
    [
        (seen.living("worker") == 0).then(|| note("worker", "none_alive", "start_a_worker", None)),
        (!seen.flags.outbound).then(|| note("outbound", "switched_off", "see_the_kill_switch", None)),
        (paused > 0).then(|| note("calling", "paused_by_meta", "see_when_meta_pauses_calls", Some(paused))),
        (unknown > 0).then(|| note("unknown_sends", "waiting", "resolve_unknown_sends", Some(unknown))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn readyz(state: web::Data<AppState>) -> HttpResponse {
    let unknown = Fault { problem: "unknown", hint: "repair_the_database_first" };
    let (database, schema) = match state.db.store.check_schema().await {
        Ok(()) => (None, None),
        Err(error @ StoreError::SchemaVersion { .. }) => (None, Some(not_ready("schema", &error))),
        Err(error) => (Some(not_ready("database", &error)), Some(unknown)),
    };
    let intake =
        state.intake.check().await.err().map(|IntakeError::Store(error)| not_ready("intake", &error));
    let checks =
        [Check::new("database", database), Check::new("schema", schema), Check::new("intake", intake)];
    let ready = checks.iter().all(|check| check.ready);
    let notes = if ready { state.observer.look(&state.db).await.map(|seen| notes(&seen)) } else { None };
    let told = |status| Readiness { status, checks, notes: notes.unwrap_or_default() };
    if ready {
        HttpResponse::Ok().json(told("ready"))
    } else {
        HttpResponse::ServiceUnavailable().json(told("not_ready"))
    }
}

fn not_ready(check: &'static str, error: &StoreError) -> Fault {
    let (problem, hint) = match error {
        StoreError::SchemaVersion { .. } => ("wrong_version", "migrate_or_start_the_matching_release"),
        StoreError::Busy => ("busy", "wait_or_add_capacity"),
        StoreError::Closed => ("closed", "the_process_is_stopping"),
        _ => ("unreachable", "check_the_database_and_the_log"),
    };
    tracing::warn!(check, error = error as &dyn std::error::Error, "not ready");
    Fault { problem, hint }
}
