//! Calls: the routes.

mod delete;
pub(crate) mod end;
pub(crate) mod filter;
pub(crate) mod format;
pub(crate) mod get;
mod include;
pub(crate) mod list;
pub(crate) mod model;
pub(crate) mod start;
pub(crate) mod token;
pub(crate) mod update;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(start::start_call)
        .service(list::list_calls)
        .service(get::get_call)
        .service(update::update_call)
        .service(end::end_call)
        .service(delete::delete_call)
        .service(token::create_call_token);
}
