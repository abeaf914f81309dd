//! `/v1/tools`: the ten tools as `::tools::api` runs them, in the words of HTTP.

mod failure;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::header::{AUTHORIZATION, CACHE_CONTROL, ContentType},
    web::{self, Data, Payload, ReqData},
};
use marketplace::HttpRequestId;
use tools::api;

use crate::{
    AppState, Code, Problem,
    body::{self, Body},
};

/// The largest body of a call, in bytes: what the reader of arguments takes.
pub(crate) const CALL_BODY_MAX: usize = 64 * 1024;
/// The caller's name for one effect.
pub(crate) const KEY_HEADER: &str = "idempotency-key";
/// Says in the answer that it had been stored under the key.
pub(crate) const REPLAYED_HEADER: &str = "idempotency-replayed";

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/v1/tools").route(web::get().to(list)).default_service(web::to(only_get)))
        .service(
            web::resource("/v1/tools/{name}").route(web::post().to(call)).default_service(web::to(only_post)),
        );
}

async fn only_get() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("GET")))
}

async fn only_post() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("POST")))
}

/// The registry with its schemas, for whoever has a token.
async fn list(
    request: HttpRequest,
    state: Data<AppState>,
    id: ReqData<HttpRequestId>,
) -> Result<HttpResponse, Problem> {
    state.tools.authenticate(bearer(&request), id.into_inner()).await?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(tool_registry::registry_json()))
}

/// One call of one tool.
async fn call(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
    id: ReqData<HttpRequestId>,
) -> Result<HttpResponse, Problem> {
    let cause = id.into_inner();
    let principal = state.tools.authenticate(bearer(&request), cause).await?;
    let tool = request.match_info().query("name");
    let body = match read(&request, payload, &state).await {
        Ok(body) => body,
        Err(problem) => {
            let code = problem.code().as_str();
            state.tools.refused_unread(&principal, tool, code, cause).await?;
            return Err(problem);
        }
    };
    let asked = api::Request { tool, args: body.bytes(), key: key(&request), cause };
    let answer = state.tools.call(&principal, asked).await?;
    let mut response = HttpResponse::Ok();
    // It speaks of people.
    response.insert_header((CACHE_CONTROL, "no-store"));
    if answer.replayed {
        response.insert_header((REPLAYED_HEADER, "true"));
    }
    Ok(response.json(answer.result))
}

async fn read(request: &HttpRequest, payload: Payload, state: &AppState) -> Result<Body, Problem> {
    if !request.content_type().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Code::UnsupportedMediaType).with_detail("send application/json"));
    }
    body::read(request, payload, &state.bodies, CALL_BODY_MAX).await
}

/// The token behind `Bearer`; `None` for anything else.
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The one idempotency key; two of them are as good as a malformed one.
pub(crate) fn key(request: &HttpRequest) -> Option<&[u8]> {
    let mut keys = request.headers().get_all(KEY_HEADER);
    let first = keys.next()?;
    Some(if keys.next().is_some() { &[] } else { first.as_bytes() })
}
