//! The report of a run, as text and as JSON.

use std::{fmt, fs, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::{
    ledger::Counts,
    measures::{Measures, Spread},
    outcome::{Finished, Outcome},
    settings::{Settings, Transport, Verify},
};

/// The report of a run. `Display` prints one line per topic and omits topics without data.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How audio reached the service.
    pub transport: Transport,
    /// Whether Ctrl-C or SIGTERM stopped the run.
    pub interrupted: bool,
    /// Calls by result.
    pub calls: Calls,
    /// Frames by result.
    pub frames: Frames,
    /// The length of the run, in seconds.
    pub elapsed_seconds: f64,
    /// From sending a frame to its acknowledgement; `None` over Twilio's protocol, which has none.
    pub latency: Option<Spread>,
    /// How late frames were sent; `None` at maximum speed, where nothing is due at a certain time.
    pub lateness: Option<Spread>,
    /// From the end of a call's audio to its recording.
    pub completion: Option<Spread>,
    /// The comparison of the recordings.
    pub recordings: Recordings,
    /// The comparison of computed analytics with the speech sent; `None` without synthetic calls to compare.
    pub analytics: Option<Analytics>,
    /// The injected faults; `None` without `--chaos`.
    pub chaos: Option<Disturbances>,
    /// Connections that broke unexpectedly and were restored.
    pub reconnects: u64,
    /// The resources that this process used.
    pub generator: Generator,
    /// Failed calls and wrong recordings, as sentences, each in the order of the calls.
    pub problems: Vec<String>,
    /// The finalized calls, in the order of the calls.
    #[serde(skip)]
    pub finished: Vec<Finished>,
}

/// Calls by result.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    /// Calls that were to be sent.
    pub planned: usize,
    /// Calls that were finalized and have their recordings.
    pub completed: usize,
    /// Calls that failed.
    pub failed: usize,
}

/// Frames by result. Each frame counts once, however often it was sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frames {
    /// Frames that were sent.
    pub sent: u64,
    /// Frames that the service confirmed to be on disk. Over Twilio's protocol: frames found in the recordings, or
    /// `None` without verification.
    pub acknowledged: Option<u64>,
    /// Frames sent per second of the run.
    pub per_second: f64,
    /// Frames that were sent again because their connection broke.
    pub resent: u64,
    /// Frames that were lost with a broken connection, over Twilio's protocol only.
    pub lost_with_connections: u64,
}

/// The comparison of the recordings with the audio sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recordings {
    /// The kind of comparison.
    pub verify: Verify,
    /// Recordings that were compared.
    pub compared: usize,
    /// Recordings of the wrong length.
    pub wrong_length: usize,
    /// Frames that must be in a recording and are missing or different.
    pub missing_frames: u64,
}

/// The comparison of computed analytics with the speech sent, with the largest differences.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Analytics {
    /// Calls whose analytics were compared.
    pub compared: usize,
    /// Calls with a figure outside its tolerance.
    pub wrong: usize,
    /// Talk time of a party, in seconds.
    pub talk_time_seconds: f64,
    /// Median response latency of a party, in seconds.
    pub latency_seconds: f64,
    /// Turns, interruptions, backchannels or responses of a party.
    pub counts: u32,
}

impl Analytics {
    /// What the calls have, if any was compared.
    fn of(finished: &[Finished]) -> Option<Self> {
        let mut all = Self::default();
        for found in finished.iter().filter_map(|call| call.findings.speech.as_ref()) {
            all.compared += 1;
            all.wrong += usize::from(found.wrong.is_some());
            all.talk_time_seconds = all.talk_time_seconds.max(found.talk_time);
            all.latency_seconds = all.latency_seconds.max(found.latency);
            all.counts = all.counts.max(found.counts);
        }
        (all.compared > 0).then_some(all)
    }
}

/// The injected faults.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disturbances {
    /// The seed that repeats these faults.
    pub seed: u64,
    lost: u64,
    duplicated: u64,
    reordered: u64,
    stalls: u64,
    broken_connections: u64,
}

/// The resources that this process used.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Generator {
    /// Processor time of the whole process, in seconds.
    pub cpu_seconds: f64,
    /// Processor time per sent frame, in microseconds.
    pub cpu_us_per_frame: f64,
    /// The peak resident memory, in bytes; `None` if the system does not report it.
    pub peak_memory_bytes: Option<u64>,
}

/// The data that a report is computed from.
pub struct Results {
    /// The settings of the run.
    pub settings: Settings,
    /// The seed of the chaos; `None` without `--chaos`.
    pub seed: Option<u64>,
    /// Whether a signal stopped the run.
    pub interrupted: bool,
    /// The result of each call.
    pub outcomes: Vec<Outcome>,
    /// Calls without an outcome, because their thread or task panicked.
    pub broken: usize,
    /// The merged measurements.
    pub measures: Measures,
    /// The length of the run.
    pub elapsed: Duration,
}

impl Report {
    /// Computes the report of a run.
    #[must_use]
    pub fn new(mut results: Results) -> Self {
        results.outcomes.sort_unstable_by_key(|outcome| outcome.number);
        let planned = results.outcomes.len() + results.broken;
        let (mut counts, mut problems, mut finished) = (Counts::default(), Vec::new(), Vec::new());
        for outcome in results.outcomes {
            counts.add(outcome.counts);
            match outcome.ending {
                Some(Ok(call)) => finished.push(call),
                Some(Err(sentence)) => problems.push(sentence),
                None => {}
            }
        }
        let failed = problems.len() + results.broken;
        let wrong = finished.iter().filter(|call| !call.findings.are_good());
        problems.extend(wrong.map(|call| format!("Call {}: {}", call.id, call.findings)));
        let verify = results.settings.verify;
        let recordings = Recordings {
            verify,
            compared: if verify == Verify::None { 0 } else { finished.len() },
            wrong_length: finished.iter().filter(|call| call.findings.length.is_some()).count(),
            missing_frames: finished.iter().map(|call| call.findings.missing).sum(),
        };
        let unknown = results.settings.transport == Transport::Twilio && verify == Verify::None;
        let cpu_seconds = processor_seconds();
        Self {
            transport: results.settings.transport,
            interrupted: results.interrupted,
            calls: Calls { planned, completed: finished.len(), failed },
            frames: Frames {
                sent: counts.sent,
                acknowledged: (!unknown).then_some(counts.acknowledged),
                per_second: counts.sent as f64 / results.elapsed.as_secs_f64().max(1e-3),
                resent: counts.resent,
                lost_with_connections: finished.iter().map(|call| call.findings.lost).sum(),
            },
            elapsed_seconds: results.elapsed.as_secs_f64(),
            latency: results.measures.latency.spread(),
            lateness: results.measures.lateness.spread(),
            completion: results.measures.completion.spread(),
            recordings,
            analytics: Analytics::of(&finished),
            chaos: results.seed.map(|seed| Disturbances {
                seed,
                lost: counts.lost,
                duplicated: counts.duplicated,
                reordered: counts.reordered,
                stalls: counts.stalls,
                broken_connections: counts.breaks,
            }),
            reconnects: counts.reconnects,
            generator: Generator {
                cpu_seconds,
                cpu_us_per_frame: cpu_seconds * 1e6 / counts.sent.max(1) as f64,
                peak_memory_bytes: peak_memory_bytes(),
            },
            problems,
            finished,
        }
    }

    /// Whether no call failed and every recording is right.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.calls.failed == 0 && self.problems.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Calls { planned, completed, failed } = self.calls;
        let interrupted = if self.interrupted { ", interrupted" } else { "" };
        writeln!(formatter, "calls: {planned}, completed: {completed}, failed: {failed}{interrupted}")?;
        let Frames { sent, acknowledged, per_second, resent, lost_with_connections } = &self.frames;
        let acknowledged = acknowledged.map_or_else(|| "unknown".to_owned(), |frames| frames.to_string());
        write!(formatter, "frames: {sent} sent, {acknowledged} acknowledged, {per_second:.0} per second")?;
        writeln!(formatter, " in {:.2} s, {resent} resent", self.elapsed_seconds)?;
        let spreads = [("latency", self.latency), ("lateness", self.lateness), ("end to recording", self.completion)];
        for (name, spread) in spreads {
            if let Some(Spread { p50_ms, p99_ms, max_ms }) = spread {
                writeln!(formatter, "{name}: p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, max {max_ms:.1} ms")?;
            }
        }
        let Recordings { compared, wrong_length, missing_frames, .. } = self.recordings;
        writeln!(
            formatter,
            "recordings: {compared} compared, {wrong_length} of wrong length, {missing_frames} frames missing"
        )?;
        if let Some(Analytics { compared, wrong, talk_time_seconds, latency_seconds, counts }) = &self.analytics {
            writeln!(
                formatter,
                "analytics: {compared} compared, {wrong} outside tolerances; largest differences: talk time \
                 {talk_time_seconds:.2} s, latency {latency_seconds:.2} s, counts {counts}"
            )?;
        }
        if let Some(Disturbances { seed, lost, duplicated, reordered, stalls, broken_connections }) = &self.chaos {
            writeln!(
                formatter,
                "chaos: seed {seed}, {lost} frames lost, {duplicated} duplicated, {reordered} reordered, {stalls} stalls, \
                 {broken_connections} broken connections"
            )?;
        }
        if self.reconnects > 0 {
            let reconnects = self.reconnects;
            writeln!(formatter, "reconnects: {reconnects}, {lost_with_connections} frames lost in disconnects")?;
        }
        let Generator { cpu_seconds, cpu_us_per_frame, peak_memory_bytes } = self.generator;
        write!(formatter, "generator: {cpu_seconds:.2} s of CPU, {cpu_us_per_frame:.2} us per frame")?;
        peak_memory_bytes.map_or(Ok(()), |bytes| write!(formatter, ", peak memory {} MiB", bytes >> 20))
    }
}

/// The processor time of this process, in seconds.
fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The peak resident memory of this process, if `/proc` reports it.
fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}
