//! Webhooks: the routes.

pub(crate) mod body;
pub(crate) mod create;
mod delete;
mod deliveries;
mod get;
mod list;
pub(crate) mod model;
pub(crate) mod replay;
mod retry;
mod rotate;
mod test;
pub(crate) mod update;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create::create_webhook)
        .service(list::list_webhooks)
        .service(get::get_webhook)
        .service(update::update_webhook)
        .service(delete::delete_webhook)
        .service(rotate::rotate_webhook_secret)
        .service(test::test_webhook)
        .service(deliveries::list_deliveries)
        .service(retry::retry_delivery)
        .service(replay::replay_webhook);
}
