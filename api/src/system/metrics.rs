//! `getMetrics`.

use std::sync::OnceLock;

use actix_web::{HttpResponse, get, web::Data};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use service::Callstore;

use crate::{
    extract::{NoQuery, Query},
    problem::{Problem, ProblemCode},
};

/// Upper bounds of the histograms of durations, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// The process's metrics; where they cannot be recorded, as when another recorder is installed, there are none.
pub fn install_metrics() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS).ok()?;
        let handle = builder.install_recorder().ok()?;
        metrics::describe_counter!("callstore_http_requests_total", "Requests answered, by method, route and status.");
        metrics::describe_histogram!("callstore_http_request_seconds", "How long requests took, by route.");
        metrics::describe_counter!("callstore_chunks_total", "Chunks stored, by track.");
        metrics::describe_counter!("callstore_chunk_bytes_total", "Bytes of audio stored, by track.");
        metrics::describe_counter!("callstore_chunk_duplicates_total", "Chunks that came again, by track.");
        metrics::describe_gauge!("callstore_stream_sockets", "Open WebSockets, by protocol.");
        metrics::describe_counter!("callstore_stream_skipped_total", "Messages and frames skipped, by reason.");
        metrics::describe_counter!(
            "callstore_stream_unknown_events_total",
            "Events of media streams that are not known."
        );
        metrics::describe_counter!("callstore_stream_takeovers_total", "Media streams that went on on a new socket.");
        metrics::describe_counter!("callstore_recordings_total", "Calls finalized, by outcome.");
        metrics::describe_histogram!("callstore_finalize_seconds", "How long finalizing took.");
        metrics::describe_gauge!("callstore_active_calls", "Calls that take audio.");
        metrics::describe_gauge!("callstore_finalizing_calls", "Calls whose recording is being made.");
        metrics::describe_gauge!("callstore_free_bytes", "Bytes that are free where recordings are kept.");
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Get metrics
///
/// In Prometheus' text format.
#[utoipa::path(
    operation_id = "getMetrics",
    tag = "System",
    responses((status = 200, description = "The metrics.", content((String = "text/plain",
        example = "# TYPE callstore_active_calls gauge\ncallstore_active_calls 3\n")))),
)]
#[get("/metrics")]
pub async fn get_metrics(callstore: Data<Callstore>, _: Query<NoQuery>) -> Result<HttpResponse, Problem> {
    let none = || Problem::new(ProblemCode::InternalError, "Metrics are not recorded in this process.");
    let handle = install_metrics().ok_or_else(none)?;
    callstore.record_gauges().await?;
    handle.run_upkeep();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render()))
}
