//! The control surface: people by HTTP, for developing by hand.

use actix_web::{HttpResponse, web};

/// Everything under `/simulator`.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::scope("/simulator").default_service(web::to(HttpResponse::NotFound)));
}
