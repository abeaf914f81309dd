//! `/v1/requests/{id}/…`: what operators' tools do with a request beside the ten tools.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::header::CACHE_CONTROL,
    web::{self, Data, Payload, ReqData},
};
use marketplace::HttpRequestId;
use tools::{api::Steering, control::Step};

use crate::{
    AppState, Code, Problem,
    body::{self, Body},
    tools::{REPLAYED_HEADER, bearer, key},
};

/// The largest body, in bytes: a reason and its JSON.
pub(crate) const BODY_MAX: usize = 8 * 1024;

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    let resource =
        web::resource("/v1/requests/{id}/{step:takeover|resume|close}").route(web::post().to(steer));
    config.service(resource.default_service(web::to(only_post)));
}

async fn only_post() -> Result<&'static str, Problem> {
    Err(Problem::new(Code::MethodNotAllowed("POST")))
}

async fn steer(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
    id: ReqData<HttpRequestId>,
) -> Result<HttpResponse, Problem> {
    let cause = id.into_inner();
    let principal = state.tools.authenticate(bearer(&request), cause).await?;
    let step: Step = request.match_info().query("step").parse().map_err(|_| Problem::new(Code::NotFound))?;
    let body = match read(&request, payload, &state).await {
        Ok(body) => body,
        Err(problem) => {
            let code = problem.code().as_str();
            state.tools.refused_unread(&principal, step.action(), code, cause).await?;
            return Err(problem);
        }
    };
    let asked = Steering {
        request: request.match_info().query("id"),
        step,
        body: body.bytes(),
        key: key(&request),
        cause,
    };
    let (steered, replayed) = state.tools.steer(&principal, asked).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    if replayed {
        response.insert_header((REPLAYED_HEADER, "true"));
    }
    Ok(response.json(steered))
}

/// The body may be left out; one that is there is JSON.
async fn read(request: &HttpRequest, payload: Payload, state: &AppState) -> Result<Body, Problem> {
    let body = body::read(request, payload, &state.bodies, BODY_MAX).await?;
    if !body.bytes().is_empty() && !request.content_type().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Code::UnsupportedMediaType).with_detail("send application/json"));
    }
    Ok(body)
}
