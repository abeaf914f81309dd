//! `/webhooks/whatsapp`: Meta's verification request, and what it has to say.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ContentType, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    web::{self, Data, Payload, Query},
};
use engine::intake::IntakeError;
use meta_client::verify_challenge;
use store::StoreError;

use crate::{
    AppState, Code, Problem,
    body::{self, BODY_MAX},
};

const SIGNATURE_HEADER: &str = "x-hub-signature-256";

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/webhooks/whatsapp")
            .route(web::get().to(verify))
            .route(web::post().to(receive))
            .default_service(web::to(method_not_allowed)),
    );
}

async fn method_not_allowed() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("GET, POST")))
}

/// Meta asks once, when the webhook is registered, whether this is really ours.
async fn verify(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let query = Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map_err(|_| Problem::new(Code::BadRequest).with_detail("the query is not readable"))?;
    let value = |name: &str| {
        let found = query.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (mode, token, challenge) = (value("hub.mode"), value("hub.verify_token"), value("hub.challenge"));
    match verify_challenge(mode, token, challenge, &state.verify_token) {
        Ok(challenge) => Ok(HttpResponse::Ok()
            .insert_header(ContentType::plaintext())
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(challenge.to_owned())),
        Err(error) => {
            tracing::warn!(%error, "a verification request was refused");
            Err(Problem::new(Code::WrongVerifyToken))
        }
    }
}

/// Answers 200 once everything in the body is durable, whether or not it can be worked: 5xx is for what was not
/// stored, and makes Meta send it again.
async fn receive(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let body = body::read(&request, payload, &state.bodies, BODY_MAX).await?;
    let signature = request.headers().get(SIGNATURE_HEADER).map(HeaderValue::as_bytes);
    state.secrets.verify(signature, body.bytes()).map_err(|error| {
        state.counters.signature_refused(error);
        tracing::info!(%error, "a webhook was refused");
        Problem::new(Code::InvalidSignature).with_detail(error.to_string())
    })?;
    match state.intake.accept(body.bytes()).await {
        Ok(report) => {
            state.counters.webhook(&report);
            tracing::debug!(stored = report.stored, duplicates = report.duplicates, "webhook stored");
            if report.dead > 0 {
                tracing::warn!(
                    dead = report.dead,
                    "a webhook held what cannot be worked: see the dead letters"
                );
            }
            Ok(HttpResponse::Ok().finish())
        }
        Err(error) => Err(not_stored(&error)),
    }
}

/// Either way Meta sends it again.
fn not_stored(error: &IntakeError) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "a webhook was not stored");
    let IntakeError::Store(cause) = error;
    let is_defect =
        matches!(cause, StoreError::Panicked | StoreError::Corrupt { .. } | StoreError::Sealing { .. });
    Problem::new(if is_defect { Code::Internal } else { Code::Unavailable })
}
