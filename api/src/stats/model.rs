//! Statistics on the wire.

use serde::Serialize;
use service::{Figures, Private, audio::number::real};
use utoipa::ToSchema;

use crate::wire::Time;

/// Statistics over calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallStats {
    /// The intervals, the earliest first. Those without calls are left out with `groupBy` alone.
    items: Vec<CallStatsItem>,
    /// The figures of all calls together.
    totals: CallFigures,
}

/// The calls that began in an interval, or a group of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallStatsItem {
    /// When the interval begins.
    start: Time,
    /// The value of `groupBy`. Null without one.
    #[schema(required, value_type = Option<String>)]
    group: Option<Private>,
    #[serde(flatten)]
    figures: CallFigures,
}

/// Figures of calls. Those that need computed analytics are null if no call has any.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallFigures {
    /// The number of calls.
    calls: u64,
    /// Those completed.
    completed: u64,
    /// Those that failed.
    failed: u64,
    /// Durations of the calls that have ended.
    duration: DurationFigures,
    /// Seconds of speech, both parties together.
    #[schema(required)]
    talk_time: Option<f64>,
    /// Seconds in which nobody spoke, from first to last word.
    #[schema(required)]
    silence_time: Option<f64>,
    /// How often one party interrupted the other.
    #[schema(required)]
    interruptions: Option<u64>,
    /// The calls' median times until the agent answers.
    response_latency: LatencyFigures,
}

/// Durations of calls in seconds; null if no call has ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DurationFigures {
    /// The sum.
    total: f64,
    /// The mean.
    #[schema(required)]
    average: Option<f64>,
    /// The median.
    #[schema(required)]
    p50: Option<f64>,
    /// The 95th percentile.
    #[schema(required)]
    p95: Option<f64>,
}

/// Times until the agent answers in milliseconds; null if it never answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LatencyFigures {
    /// The median.
    #[schema(required)]
    p50: Option<u64>,
    /// The 95th percentile.
    #[schema(required)]
    p95: Option<u64>,
}

impl From<Figures> for CallFigures {
    fn from(figures: Figures) -> Self {
        let seconds = |milliseconds: u64| real(milliseconds) / 1e3;
        let (duration, latency) = (figures.duration, figures.response_latency);
        Self {
            calls: figures.calls,
            completed: figures.completed,
            failed: figures.failed,
            duration: DurationFigures {
                total: seconds(duration.total_ms),
                average: duration.average_ms.map(seconds),
                p50: duration.p50_ms.map(seconds),
                p95: duration.p95_ms.map(seconds),
            },
            talk_time: figures.talk_time_ms.map(seconds),
            silence_time: figures.silence_time_ms.map(seconds),
            interruptions: figures.interruptions,
            response_latency: LatencyFigures { p50: latency.p50_ms, p95: latency.p95_ms },
        }
    }
}

impl From<service::CallStats> for CallStats {
    fn from(stats: service::CallStats) -> Self {
        let item = |item: service::StatsItem| CallStatsItem {
            start: Time(item.start),
            group: item.group,
            figures: item.figures.into(),
        };
        Self { items: stats.items.into_iter().map(item).collect(), totals: stats.totals.into() }
    }
}

impl CallStats {
    pub(super) fn sample() -> Self {
        let figures = || CallFigures {
            calls: 120,
            completed: 117,
            failed: 1,
            duration: DurationFigures { total: 14_632.4, average: Some(122.96), p50: Some(98.5), p95: Some(301.2) },
            talk_time: Some(9_810.2),
            silence_time: Some(3_922.1),
            interruptions: Some(84),
            response_latency: LatencyFigures { p50: Some(640), p95: Some(1_480) },
        };
        let item = CallStatsItem { start: Time::SAMPLE, group: Some("booking-agent".into()), figures: figures() };
        Self { items: vec![item], totals: figures() }
    }
}
