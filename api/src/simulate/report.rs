//! What came of a run, for people and for programs.

use std::{fmt, fs, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use super::{
    call::{Finished, Outcome, Settings},
    ledger::Counts,
    measures::{Measures, Spread},
    transport::Transport,
    verify::Verify,
};

/// What came of a run. Printed, it is a line for each thing that is known.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The way to the service.
    pub transport: Transport,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    /// What became of the calls.
    pub calls: Calls,
    /// What became of the frames.
    pub frames: Frames,
    /// How long it took, in seconds.
    pub elapsed_seconds: f64,
    /// From sending to acknowledgement; none where there are no acknowledgements.
    pub latency: Option<Spread>,
    /// How late frames were sent; none where nothing was waited for.
    pub lateness: Option<Spread>,
    /// From the end of a call's stream to its recording.
    pub completion: Option<Spread>,
    /// How the recordings compare with what was sent.
    pub recordings: Recordings,
    /// How calls were disturbed.
    pub chaos: Option<Disturbances>,
    /// How often a connection broke by itself and came back.
    pub reconnects: u64,
    /// What this process cost.
    pub generator: Generator,
    /// Why calls failed, and what is wrong with recordings, in the order of the calls.
    pub problems: Vec<String>,
    /// The calls that have their recordings, in the order of the calls.
    #[serde(skip)]
    pub finished: Vec<Finished>,
}

/// What became of the calls.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    /// How many should have been made.
    pub planned: usize,
    /// How many have ended and have their recordings.
    pub completed: usize,
    /// How many have failed.
    pub failed: usize,
}

/// What became of the frames. Each counts once, however often it was sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frames {
    /// How many were sent.
    pub sent: u64,
    /// How many the service has said to be on disk; over Twilio's protocol, how many were found in the recordings.
    pub acknowledged: Option<u64>,
    /// How many were sent in a second.
    pub per_second: f64,
    /// How many were sent again because their connection broke.
    pub resent: u64,
    /// How many were lost with a connection that broke, where the protocol acknowledges nothing.
    pub lost_with_connections: u64,
}

/// How the recordings compare with what was sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recordings {
    /// How they were compared.
    pub verify: Verify,
    /// How many were compared.
    pub compared: usize,
    /// How many have another length than they should.
    pub wrong_length: usize,
    /// Frames that must be in a recording and are not, or are not what was sent.
    pub missing_frames: u64,
}

/// How calls were disturbed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disturbances {
    /// With it, they are disturbed in the same way again.
    pub seed: u64,
    lost: u64,
    duplicated: u64,
    reordered: u64,
    stalls: u64,
    broken_connections: u64,
}

/// What this process cost.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Generator {
    /// Processor time, in seconds, of the whole process.
    pub cpu_seconds: f64,
    /// Of that, for each frame, in microseconds, until the last was sent and its call compared.
    pub cpu_us_per_frame: f64,
    /// The most memory that it had, in bytes.
    pub peak_memory_bytes: Option<u64>,
}

/// What a report is made of.
pub struct Run {
    /// What was asked for.
    pub settings: Settings,
    /// With what calls were disturbed.
    pub seed: Option<u64>,
    /// Whether it was stopped.
    pub interrupted: bool,
    /// What became of each call.
    pub outcomes: Vec<Outcome>,
    /// How many calls are not among them, because their thread is gone.
    pub broken: usize,
    /// What was measured.
    pub measures: Measures,
    /// How long it took.
    pub elapsed: Duration,
}

impl Report {
    /// The report of a run.
    #[must_use]
    pub fn new(mut run: Run) -> Self {
        run.outcomes.sort_unstable_by_key(|outcome| outcome.number);
        let planned = run.outcomes.len() + run.broken;
        let (mut counts, mut problems, mut finished) = (Counts::default(), Vec::new(), Vec::new());
        for outcome in run.outcomes {
            counts.add(outcome.counts);
            match outcome.ending {
                Some(Ok(call)) => finished.push(call),
                Some(Err(sentence)) => problems.push(sentence),
                None => {}
            }
        }
        let failed = problems.len() + run.broken;
        let wrong = finished.iter().filter(|call| !call.findings.are_good());
        problems.extend(wrong.map(|call| format!("Call {}: {}", call.id, call.findings)));
        let verify = run.settings.verify;
        let recordings = Recordings {
            verify,
            compared: if verify == Verify::None { 0 } else { finished.len() },
            wrong_length: finished.iter().filter(|call| call.findings.length.is_some()).count(),
            missing_frames: finished.iter().map(|call| call.findings.missing).sum(),
        };
        let unknown = run.settings.transport == Transport::Twilio && verify == Verify::None;
        let cpu_seconds = processor_seconds();
        Self {
            transport: run.settings.transport,
            interrupted: run.interrupted,
            calls: Calls { planned, completed: finished.len(), failed },
            frames: Frames {
                sent: counts.sent,
                acknowledged: (!unknown).then_some(counts.acknowledged),
                per_second: counts.sent as f64 / run.elapsed.as_secs_f64().max(1e-3),
                resent: counts.resent,
                lost_with_connections: finished.iter().map(|call| call.findings.lost).sum(),
            },
            elapsed_seconds: run.elapsed.as_secs_f64(),
            latency: run.measures.latency.spread(),
            lateness: run.measures.lateness.spread(),
            completion: run.measures.completion.spread(),
            recordings,
            chaos: run.seed.map(|seed| Disturbances {
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

    /// Whether every call has ended as it should and every recording is what it should be.
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
        write!(formatter, "frames: {sent} sent, {acknowledged} acknowledged, {per_second:.0} a second")?;
        writeln!(formatter, " in {:.2} s, {resent} sent again", self.elapsed_seconds)?;
        let spreads =
            [("latency", self.latency), ("pacing, late by", self.lateness), ("end to recording", self.completion)];
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
        if let Some(Disturbances { seed, lost, duplicated, reordered, stalls, broken_connections }) = &self.chaos {
            writeln!(
                formatter,
                "chaos: seed {seed}, {lost} frames lost, {duplicated} duplicated, {reordered} reordered, {stalls} stalls, \
                 {broken_connections} broken connections"
            )?;
        }
        if self.reconnects > 0 {
            let reconnects = self.reconnects;
            writeln!(
                formatter,
                "connections that broke by themselves: {reconnects}, {lost_with_connections} frames lost with them"
            )?;
        }
        let Generator { cpu_seconds, cpu_us_per_frame, peak_memory_bytes } = self.generator;
        write!(formatter, "generator: {cpu_seconds:.2} s of CPU, {cpu_us_per_frame:.2} us a frame")?;
        peak_memory_bytes.map_or(Ok(()), |bytes| write!(formatter, ", {} MiB at most", bytes >> 20))
    }
}

/// Processor time of this process, in seconds.
fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The most memory that this process had, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}
