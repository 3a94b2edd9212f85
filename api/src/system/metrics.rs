//! The operation `getMetrics`, and the recorder that collects the metrics.

mod catalogue;

use std::{sync::OnceLock, time::Duration};

use actix_web::{HttpResponse, get, web::Data};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use service::Callstore;

use crate::{
    extract::{NoQuery, Query},
    problem::{Problem, ProblemCode},
};
use catalogue::{BUILD_INFO, CATALOGUE};

/// How often recorded samples are moved into their histograms. Until then each sample takes memory, even if nobody
/// scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the process's metrics recorder at the first call. `None` if that fails, as when another recorder is
/// installed.
pub(crate) fn install_metrics() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let mut builder = PrometheusBuilder::new();
        for metric in CATALOGUE {
            if let Some(bounds) = metric.bounds() {
                builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds).ok()?;
            }
        }
        let handle = builder.install_recorder().ok()?;
        CATALOGUE.iter().for_each(|metric| metric.begin());
        Collector::default().describe();
        metrics::gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Runs the recorder's upkeep as long as the future is polled.
pub(crate) async fn keep_metrics() {
    let Some(handle) = install_metrics() else { return };
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

/// Get metrics
///
/// Returns metrics in Prometheus' text format.
#[utoipa::path(
    operation_id = "getMetrics",
    tag = "System",
    security(("apiKey" = ["read"])),
    responses((status = 200, description = "The metrics.", content((String = "text/plain",
        example = "# TYPE callstore_active_calls gauge\ncallstore_active_calls 3\n")))),
)]
#[get("/metrics")]
pub(crate) async fn get_metrics(callstore: Data<Callstore>, _: Query<NoQuery>) -> Result<HttpResponse, Problem> {
    let none = || Problem::new(ProblemCode::InternalError, "Metrics are not recorded in this process.");
    let handle = install_metrics().ok_or_else(none)?;
    callstore.health.record_gauges().await;
    Collector::default().collect();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render()))
}
