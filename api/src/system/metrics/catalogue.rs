//! All metrics of the service: names, help texts, units, bucket bounds and label values. `metrics-process` adds those
//! of the process.

use metrics::{Label, Unit};

/// A metric.
pub(super) struct Metric {
    pub name: &'static str,
    kind: Kind,
    unit: Unit,
    help: &'static str,
    series: Series,
}

enum Kind {
    Counter,
    Gauge,
    /// With the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// The series that exist from the start. A series that begins with its first event hides that event from `increase()`.
enum Series {
    /// The metric has no labels.
    One,
    /// One series per value of a label.
    Each(&'static str, &'static [&'static str]),
    /// The label has too many possible values; series appear with their first event.
    AsTheyCome,
}

use Series::{AsTheyCome, Each, One};

/// Buckets of requests and commits, in seconds. 0.5 ms is a good disk, and 30 s is the longest that a client waits.
const WAIT: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Buckets of work on a whole recording, in seconds.
const WORK: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Buckets of gaps, in seconds: a frame, a few frames, a moment, a pause, a muted line.
const GAP: &[f64] = &[0.02, 0.06, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Buckets of call lengths, in seconds.
const LENGTH: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 14_400.0, 43_200.0];
/// Buckets of an agent's response latency, in seconds: at 0.3 s people answer each other, and at 3 s they ask again.
const RESPONSE: &[f64] = &[0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0];
/// Buckets of writes per commit.
const WRITES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0];

const BY_TRACK: Series = Each("track", &["inbound", "outbound"]);
const BY_PROTOCOL: Series = Each("protocol", &["audiosocket", "callstore", "twilio"]);
const BY_OUTCOME: Series = Each("outcome", &["completed", "failed", "no_audio"]);
const BY_ATTEMPT: Series = Each("outcome", &["failed", "succeeded"]);
const BY_CHECK: Series = Each("outcome", &["damaged", "intact", "missing"]);
const BY_FAULT: Series = Each("fault", &["damaged", "missing"]);
const BY_OPERATION: Series = Each("operation", &["delete", "probe", "read", "write"]);
const BY_END: Series = Each("reason", &["api", "idle_timeout", "max_duration", "stream_disconnect", "stream_stop"]);
const BY_REFUSAL: Series = Each("code", &["1000", "1002", "1003", "1007", "1008", "1009", "1011", "1013"]);
const BY_SKIP: Series = Each(
    "reason",
    &[
        "bad_base64",
        "before_start",
        "binary",
        "call_ended",
        "conflict",
        "invalid",
        "malformed",
        "not_utf8",
        "other_format",
        "other_stream",
        "repeated",
        "second_start",
        "third_voice",
        "too_long",
        "undecodable",
    ],
);

pub(super) const BUILD_INFO: &str = "callstore_build_info";

/// All metrics, in the order of docs/metrics.md.
pub(super) const CATALOGUE: &[Metric] = &[
    gauge(BUILD_INFO, Unit::Count, "1, with the version that runs.", AsTheyCome),
    // HTTP.
    counter("callstore_http_requests_total", Unit::Count, "Responses sent.", AsTheyCome),
    histogram(
        "callstore_http_request_seconds",
        WAIT,
        Unit::Seconds,
        "Time until the head of the response.",
        AsTheyCome,
    ),
    counter(
        "callstore_problems_total",
        Unit::Count,
        "Responses with problem details, and chunks refused on the service's own stream.",
        AsTheyCome,
    ),
    counter(
        "callstore_audit_misses_total",
        Unit::Count,
        "Audit entries that could not be written; the log has them.",
        One,
    ),
    gauge("callstore_connections", Unit::Count, "Open connections, WebSockets included.", One),
    counter(
        "callstore_connections_stalled_total",
        Unit::Count,
        "Connections cut because their peer read nothing.",
        One,
    ),
    // Ingest.
    counter("callstore_chunks_total", Unit::Count, "Chunks stored.", BY_TRACK),
    counter("callstore_chunk_bytes_total", Unit::Bytes, "Bytes of audio stored.", BY_TRACK),
    counter("callstore_chunk_duplicates_total", Unit::Count, "Repeated chunks, stored once.", BY_TRACK),
    histogram("callstore_commit_seconds", WAIT, Unit::Seconds, "Duration of a transaction, sync included.", One),
    histogram("callstore_commit_writes", WRITES, Unit::Count, "Writes that share a transaction.", One),
    counter("callstore_commit_failures_total", Unit::Count, "Transactions that failed; nothing was acknowledged.", One),
    gauge("callstore_write_queue_bytes", Unit::Bytes, "Bytes that wait for their commit, at most 32 MiB.", One),
    // Webhooks.
    counter("callstore_webhook_attempts_total", Unit::Count, "Attempts to deliver events.", BY_ATTEMPT),
    // Streams.
    gauge("callstore_stream_sockets", Unit::Count, "Open WebSockets.", BY_PROTOCOL),
    histogram(
        "callstore_stream_store_seconds",
        WAIT,
        Unit::Seconds,
        "Upper bound of a media frame's time until it is on disk.",
        One,
    ),
    counter(
        "callstore_stream_takeovers_total",
        Unit::Count,
        "Media streams that reconnected while their old socket was open.",
        One,
    ),
    counter(
        "callstore_stream_refused_total",
        Unit::Count,
        "Streams refused, or closed because of the peer or a failure.",
        BY_REFUSAL,
    ),
    counter("callstore_stream_skipped_total", Unit::Count, "Skipped messages and frames of media streams.", BY_SKIP),
    counter("callstore_stream_unknown_events_total", Unit::Count, "Unknown events of media streams.", One),
    // Calls.
    gauge("callstore_active_calls", Unit::Count, "Calls that accept audio.", One),
    counter("callstore_calls_started_total", Unit::Count, "Calls started.", One),
    counter("callstore_calls_ended_total", Unit::Count, "Calls ended.", BY_END),
    counter("callstore_calls_deleted_total", Unit::Count, "Calls deleted.", One),
    counter("callstore_call_tokens_total", Unit::Count, "Call tokens made.", One),
    // Recordings.
    gauge("callstore_finalizing_calls", Unit::Count, "Calls whose recording is being made or is waiting.", One),
    histogram(
        "callstore_finalize_seconds",
        WORK,
        Unit::Seconds,
        "Time to finalize a call, without waiting for its turn.",
        One,
    ),
    counter("callstore_recordings_total", Unit::Count, "Calls finalized.", BY_OUTCOME),
    counter("callstore_recording_bytes_total", Unit::Bytes, "Bytes of recordings made.", One),
    histogram("callstore_track_seconds", LENGTH, Unit::Seconds, "Lengths of recorded tracks, gaps included.", BY_TRACK),
    histogram(
        "callstore_gap_seconds",
        GAP,
        Unit::Seconds,
        "Lengths of the gaps that are silence in recordings.",
        BY_TRACK,
    ),
    counter("callstore_peaks_made_total", Unit::Count, "Recordings whose peaks were made later, on request.", One),
    gauge("callstore_followed_calls", Unit::Count, "Responses that follow a call while it runs.", One),
    counter("callstore_calls_analyzed_total", Unit::Count, "Calls whose recording was analyzed.", One),
    counter("callstore_speech_seconds_total", Unit::Seconds, "Speech found in analyzed calls.", BY_TRACK),
    histogram(
        "callstore_response_latency_seconds",
        RESPONSE,
        Unit::Seconds,
        "The agent's median response latency in a call.",
        One,
    ),
    counter("callstore_store_failures_total", Unit::Count, "Requests to the object store that failed.", BY_OPERATION),
    counter(
        "callstore_recordings_checked_total",
        Unit::Count,
        "Recordings that the scrub has compared with their hashes.",
        BY_CHECK,
    ),
    counter(
        "callstore_recording_faults_total",
        Unit::Count,
        "Reads of recordings whose file is damaged or missing.",
        BY_FAULT,
    ),
    // The disk.
    gauge(
        "callstore_free_bytes",
        Unit::Bytes,
        "Free space of the database or the recordings, whichever has less.",
        One,
    ),
    gauge("callstore_min_free_bytes", Unit::Bytes, "Free space below which the service starts no call.", One),
    gauge("callstore_database_bytes", Unit::Bytes, "Size of the database and its write-ahead log.", One),
];

const fn counter(name: &'static str, unit: Unit, help: &'static str, series: Series) -> Metric {
    Metric { name, kind: Kind::Counter, unit, help, series }
}

const fn gauge(name: &'static str, unit: Unit, help: &'static str, series: Series) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, help, series }
}

const fn histogram(
    name: &'static str,
    bounds: &'static [f64],
    unit: Unit,
    help: &'static str,
    series: Series,
) -> Metric {
    Metric { name, kind: Kind::Histogram(bounds), unit, help, series }
}

impl Metric {
    /// The bucket bounds of a histogram.
    pub(super) fn bounds(&self) -> Option<&'static [f64]> {
        match self.kind {
            Kind::Histogram(bounds) => Some(bounds),
            Kind::Counter | Kind::Gauge => None,
        }
    }

    /// Registers the metric's description and creates its known series.
    pub(super) fn begin(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.unit, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.unit, self.help),
            Kind::Histogram(_) => metrics::describe_histogram!(self.name, self.unit, self.help),
        }
        match self.series {
            One => self.begin_series(Vec::new()),
            Each(label, values) => {
                values.iter().for_each(|value| self.begin_series(vec![Label::from_static_parts(label, value)]));
            }
            AsTheyCome => {}
        }
    }

    fn begin_series(&self, labels: Vec<Label>) {
        match self.kind {
            Kind::Counter => drop(metrics::counter!(self.name, labels)),
            Kind::Gauge => drop(metrics::gauge!(self.name, labels)),
            Kind::Histogram(_) => drop(metrics::histogram!(self.name, labels)),
        }
    }
}
