//! `/healthz`: the process runs. `/readyz`: it can do its work. Both say which, and no more than which.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use store::StoreError;

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
    checks: [Check; 3],
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ready: bool,
    /// What is wrong, as a code; the log says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl Check {
    fn new(name: &'static str, problem: Option<&'static str>) -> Self {
        Self { name, ready: problem.is_none(), problem }
    }
}

async fn readyz(state: web::Data<AppState>) -> HttpResponse {
    let (database, schema) = match state.db.store.check_schema().await {
        Ok(()) => (None, None),
        Err(error @ StoreError::SchemaVersion { .. }) => (None, Some(not_ready("schema", &error))),
        Err(error) => (Some(not_ready("database", &error)), Some("unknown")),
    };
    let intake = state
        .intake
        .check()
        .await
        .err()
        .map(|engine::intake::IntakeError::Store(error)| not_ready("intake", &error));
    let checks =
        [Check::new("database", database), Check::new("schema", schema), Check::new("intake", intake)];
    if checks.iter().all(|check| check.ready) {
        HttpResponse::Ok().json(Readiness { status: "ready", checks })
    } else {
        HttpResponse::ServiceUnavailable().json(Readiness { status: "not_ready", checks })
    }
}

fn not_ready(check: &'static str, error: &StoreError) -> &'static str {
    let problem = match error {
        StoreError::SchemaVersion { .. } => "wrong_version",
        StoreError::Busy => "busy",
        StoreError::Closed => "closed",
        _ => "unreachable",
    };
    tracing::warn!(check, error = error as &dyn std::error::Error, "not ready");
    problem
}
