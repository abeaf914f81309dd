//! The protocol.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};

use super::{connection::Connection, shared::Shared};
use crate::core::{Answer, Body, Fate, Request, Step};

/// Largest body that is read: a description of 64 KiB of which every byte is escaped, and the rest of the object.
const BODY_BYTES_MAX: usize = 6 * 64 * 1024 + 4 * 1024;
/// How long a request hangs at most, if the client is patient.
const HOLD: Duration = Duration::from_mins(1);

/// Everything that is not the control surface.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
        .route("/v1/calls/{attempt}", web::put().to(offer))
        .route("/v1/sessions/{session}/answer", web::put().to(answer))
        .route("/v1/sessions/{session}", web::delete().to(hang_up));
}

async fn offer(
    request: HttpRequest,
    shared: web::Data<Shared>,
    attempt: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    serve(&request, &shared, Step::Offer, &attempt, &body).await
}

async fn answer(
    request: HttpRequest,
    shared: web::Data<Shared>,
    session: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    serve(&request, &shared, Step::Answer, &session, &body).await
}

async fn hang_up(
    request: HttpRequest,
    shared: web::Data<Shared>,
    session: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    serve(&request, &shared, Step::HangUp, &session, &body).await
}

async fn serve(
    request: &HttpRequest,
    shared: &Shared,
    step: Step,
    subject: &str,
    body: &[u8],
) -> HttpResponse {
    let authorization = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let now_ms = shared.now_ms();
    let answer = shared.change(|core| core.handle(&Request { step, subject, authorization, body }, now_ms));
    tracing::info!(?step, subject, status = answer.status, fate = ?answer.fate, "request");
    if answer.after_ms > 0 {
        tokio::time::sleep(Duration::from_millis(answer.after_ms)).await;
    }
    match answer.fate {
        Fate::Given => {}
        Fate::Closed => close(request),
        Fate::Held => {
            let mut stopped = shared.stopped();
            // Dropped before that when the client gives up.
            tokio::time::timeout(HOLD, stopped.wait_for(|&stop| stop)).await.ok();
            close(request);
        }
    }
    respond(shared, answer)
}

fn close(request: &HttpRequest) {
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.close();
    }
}

fn respond(shared: &Shared, answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if status.is_redirection() {
        // Where a client that follows it would be noticed.
        response.insert_header((header::LOCATION, format!("{}/v1/calls/redirected", shared.base_url)));
    }
    match answer.body {
        Body::Empty => response.finish(),
        Body::Json(body) => response.json(body),
        Body::Problem(body) => response.content_type("application/problem+json").body(body.to_string()),
        Body::Raw(bytes) => response.content_type("text/html").body(bytes),
    }
}
