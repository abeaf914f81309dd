//! The Graph endpoints.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use futures_util::stream;
use serde_json::json;

use super::{connection::Connection, shared::Shared};
use crate::core::{Answer, AnswerFate, Media, MediaFault, SendRequest};

/// Meta's own limit is not known; nothing legitimate comes near.
const MAX_BODY_BYTES: usize = 1 << 20;

/// Leads here as well, and is another host to who compares names.
const FOREIGN: &str = "localhost";
/// A piece of a body that goes on and on.
const CHUNK_BYTES: usize = 64 * 1024;
/// The pace of a body that drips.
const DRIP_EVERY: Duration = Duration::from_millis(200);

/// Everything that is not the control surface.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
        .route("/{version}/{pnid}/messages", web::post().to(send))
        .route("/{version}/{pnid}/calls", web::post().to(call))
        .route("/{version}/{pnid}/call_permissions", web::get().to(call_permissions))
        .route("/{version}/{media_id}", web::get().to(media))
        .route("/media-files/{media_id}/content", web::get().to(media_content))
        .default_service(web::to(unknown));
}

async fn send(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> HttpResponse {
    let (_version, pnid) = path.into_inner();
    let answer =
        shared.send(&SendRequest { pnid: &pnid, authorization: authorization(&request), body: &body });
    give(&request, &shared, &answer).await
}

async fn call(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> HttpResponse {
    let (_version, pnid) = path.into_inner();
    let answer =
        shared.call(&SendRequest { pnid: &pnid, authorization: authorization(&request), body: &body });
    give(&request, &shared, &answer).await
}

async fn call_permissions(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (_version, pnid) = path.into_inner();
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.map(web::Query::into_inner).unwrap_or_default();
    let now = shared.now_ms();
    let answer = shared.change(|core| core.call_permissions(&pnid, authorization(&request), &query, now));
    give(&request, &shared, &answer).await
}

/// Answers, or does what the fault plan has in its place.
async fn give(request: &HttpRequest, shared: &Shared, answer: &Answer) -> HttpResponse {
    if answer.after_ms > 0 {
        tokio::time::sleep(Duration::from_millis(answer.after_ms)).await;
    }
    match answer.fate {
        AnswerFate::Given | AnswerFate::ServerError => {}
        AnswerFate::Closed => close(request),
        AnswerFate::Held => {
            let mut stopped = shared.stopped();
            // Dropped before that when the client gives up.
            tokio::time::timeout(shared.hold_answer, stopped.wait_for(|&stop| stop)).await.ok();
            close(request);
        }
    }
    respond(answer)
}

/// `GET /{version}/{media-id}`: where a picture can be fetched. Every other object is unknown.
async fn media(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (_version, id) = path.into_inner();
    let mut core = shared.core();
    if !core.authorized(authorization(&request)) {
        return respond(&core.bad_token());
    }
    // With `phone_number_id` Meta refuses a medium of another number.
    let asked_for = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let foreign = |pnid: &str| {
        asked_for.as_ref().is_ok_and(|query| query.iter().any(|(k, v)| k == "phone_number_id" && v != pnid))
    };
    let body = core.media(&id).filter(|media| !foreign(&media.pnid)).map(|media| {
        json!({
            "messaging_product": "whatsapp",
            "url": format!("{}/media-files/{id}/content", address(media, &shared.base_url)),
            "mime_type": media.mime_type,
            "sha256": media.sha256,
            "file_size": media.bytes.len().to_string(),
            "id": id,
        })
    });
    match body {
        Some(body) => HttpResponse::Ok().json(body),
        None => respond(&core.unknown_object(&id)),
    }
}

async fn media_content(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
) -> HttpResponse {
    let mut core = shared.core();
    if request.connection_info().host().starts_with(FOREIGN) {
        core.counters_mut().foreign_fetches += 1;
        return HttpResponse::Ok().body("what an eavesdropper wants you to read");
    }
    if !core.authorized(authorization(&request)) {
        return respond(&core.bad_token());
    }
    let found = core.fetch(&id);
    drop(core);
    let Some(media) = found else { return HttpResponse::NotFound().finish() };
    match media.fault {
        Some(MediaFault::ExpiredAddress) if media.fetches == 1 => HttpResponse::NotFound().finish(),
        Some(MediaFault::Bytes(bytes)) => {
            let mut left = bytes;
            let chunks = std::iter::from_fn(move || {
                let size = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
                left -= size as u64;
                (size > 0).then(|| Ok::<_, std::io::Error>(web::Bytes::from(vec![0xFF; size])))
            });
            HttpResponse::Ok().streaming(stream::iter(chunks))
        }
        Some(MediaFault::Drip) => HttpResponse::Ok().streaming(stream::unfold((), |()| async {
            tokio::time::sleep(DRIP_EVERY).await;
            Some((Ok::<_, std::io::Error>(web::Bytes::from_static(&[0xFF])), ()))
        })),
        _ => HttpResponse::Ok().content_type(media.mime_type).body(media.bytes),
    }
}

/// Where the bytes are said to be.
fn address(media: &Media, base: &str) -> String {
    match media.fault {
        Some(MediaFault::ForeignHost) => base.replace("127.0.0.1", FOREIGN),
        _ => base.to_owned(),
    }
}

async fn unknown(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let answer = shared.core().unknown_path(request.method().as_str(), request.path());
    respond(&answer)
}

fn authorization(request: &HttpRequest) -> &str {
    request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn close(request: &HttpRequest) {
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.close();
    }
}

fn respond(answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).json(&answer.body)
}
