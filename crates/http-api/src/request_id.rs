//! Every request has an id: in its answer, in its problem, in its log lines, in the audit.

use actix_web::{
    Error, HttpMessage as _,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use marketplace::HttpRequestId;
use tracing::Instrument;

use crate::{AppState, Problem};

/// The header of the answer that holds the request's id. A caller's own is not taken: it could be anything.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// Names the request, runs it in a span of that name, and writes its problem if it ends in one.
pub(crate) async fn identify(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<web::Data<AppState>>() else { return next.call(request).await };
    let id = HttpRequestId::generate(&*state.ids);
    // For handlers: the audit names it as the cause.
    request.extensions_mut().insert(id);
    let id = id.to_string();
    let span = tracing::info_span!("http", http_request = %id, method = %request.method());
    async {
        let mut response = next.call(request).await?;
        if let Some(problem) = response.response().error().map(Problem::of) {
            response = response.into_response(problem.response(Some(&id)));
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(HeaderName::from_static(REQUEST_ID_HEADER), id);
        }
        // The pattern and not the path, which may hold anything.
        let route = response.request().match_pattern();
        tracing::debug!(route, status = response.status().as_u16(), "answered");
        Ok(response)
    }
    .instrument(span)
    .await
}
