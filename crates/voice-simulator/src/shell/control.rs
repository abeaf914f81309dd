//! The control surface, for developing by hand. It asks for no password.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::shared::Shared;
use crate::core::{Core, Fault, Step};

/// Everything under `/simulator`.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/simulator")
            .route("/sessions", web::get().to(sessions))
            .route("/log", web::get().to(log))
            .route("/faults", web::post().to(fault))
            .route("/faults", web::delete().to(clear_faults))
            .route("/capacity", web::put().to(capacity))
            .route("/forget", web::post().to(forget))
            .default_service(web::to(HttpResponse::NotFound)),
    );
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToSpoil {
    on: Step,
    fault: Fault,
    times: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capacity {
    sessions: usize,
}

async fn sessions(shared: web::Data<Shared>) -> HttpResponse {
    let sessions = shared.core().sessions().to_vec();
    HttpResponse::Ok().json(sessions)
}

async fn log(shared: web::Data<Shared>) -> HttpResponse {
    let log = shared.core().log().to_vec();
    HttpResponse::Ok().json(log)
}

/// The body is read as JSON whatever its `Content-Type`, so that `curl -d` works.
async fn fault(shared: web::Data<Shared>, body: web::Bytes) -> HttpResponse {
    match serde_json::from_slice(&body) {
        Ok(ToSpoil { on, fault, times }) => {
            shared.change(|core| core.fault(on, fault, times.unwrap_or(1)));
            HttpResponse::NoContent().finish()
        }
        Err(error) => bad_request(&error),
    }
}

async fn clear_faults(shared: web::Data<Shared>) -> HttpResponse {
    shared.change(Core::clear_faults);
    HttpResponse::NoContent().finish()
}

async fn capacity(shared: web::Data<Shared>, body: web::Bytes) -> HttpResponse {
    match serde_json::from_slice(&body) {
        Ok(Capacity { sessions }) => {
            shared.change(|core| core.set_capacity(sessions));
            HttpResponse::NoContent().finish()
        }
        Err(error) => bad_request(&error),
    }
}

async fn forget(shared: web::Data<Shared>) -> HttpResponse {
    shared.change(Core::forget);
    HttpResponse::NoContent().finish()
}

fn bad_request(error: &serde_json::Error) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({"error": error.to_string()}))
}
