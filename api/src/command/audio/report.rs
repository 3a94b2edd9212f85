//! The report of `callstore audio inspect`, as a table and as JSON.

use std::fmt;

use serde::Serialize;
use service::audio::number::{real, whole};
use service::audio::{Container, Levels};

use super::input::Input;

/// The report on a file. The JSON fields have the API's names; times are in seconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    file: String,
    container: &'static str,
    encoding: &'static str,
    sample_rate: u32,
    channels: u16,
    frames: u64,
    duration: f64,
    /// The size of the whole file, including its header.
    size_bytes: u64,
    /// The faults of a damaged file.
    warnings: Vec<String>,
    silence_below_dbfs: f64,
    /// One entry per channel.
    levels: Vec<ChannelLevels>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelLevels {
    /// The largest magnitude of a sample.
    peak: u16,
    /// Null if all samples are zero.
    peak_dbfs: Option<f64>,
    rms_dbfs: Option<f64>,
    clipped_samples: u64,
    dc_offset: f64,
    silence: Silence,
}

#[derive(Debug, Serialize)]
struct Silence {
    duration: f64,
    /// The fraction of the whole, 0 to 1.
    share: f64,
    longest: Option<Span>,
}

#[derive(Debug, Serialize)]
struct Span {
    start: f64,
    end: f64,
}

impl Report {
    /// Builds the report on a file, named as on the command line, from which `bytes` bytes of samples were read.
    pub(super) fn new(file: String, input: &Input, bytes: u64, silence_below_dbfs: f64, levels: &[Levels]) -> Self {
        let format = &input.format;
        let frames = format.frames(bytes);
        let channel = |levels: &Levels| ChannelLevels {
            peak: levels.peak,
            peak_dbfs: finite(levels.peak_dbfs()),
            rms_dbfs: finite(levels.rms_dbfs()),
            clipped_samples: levels.clipped,
            dc_offset: levels.dc_offset,
            silence: Silence::new(levels, frames, format.sample_rate),
        };
        Self {
            file,
            container: match input.container() {
                Container::Raw => "raw",
                Container::Wav => "wav",
            },
            encoding: format.encoding.as_str(),
            sample_rate: format.sample_rate,
            channels: format.channels,
            frames,
            duration: format.seconds(bytes),
            size_bytes: input.size(),
            warnings: input.warnings().iter().map(ToString::to_string).collect(),
            silence_below_dbfs,
            levels: levels.iter().map(channel).collect(),
        }
    }

    /// The report as JSON, indented.
    pub(super) fn to_json(&self) -> String {
        // Cannot fail: the report consists of numbers and strings.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Silence {
    fn new(levels: &Levels, frames: u64, sample_rate: u32) -> Self {
        let seconds = |samples: u64| real(samples) / f64::from(sample_rate);
        let longest = levels.longest_silence;
        let span = || Span { start: seconds(longest.start), end: seconds(longest.start + longest.length) };
        Self {
            duration: seconds(levels.silent),
            share: real(levels.silent) / real(frames.max(1)),
            longest: (longest.length > 0).then(span),
        }
    }
}

fn finite(dbfs: f64) -> Option<f64> {
    dbfs.is_finite().then_some(dbfs)
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.file)?;
        writeln!(formatter, "  container    {}", self.container)?;
        writeln!(formatter, "  encoding     {}", self.encoding)?;
        writeln!(formatter, "  sample rate  {} Hz", self.sample_rate)?;
        writeln!(formatter, "  channels     {}", self.channels)?;
        writeln!(formatter, "  frames       {}", self.frames)?;
        writeln!(formatter, "  duration     {} ({:.6} s)", clock(self.duration), self.duration)?;
        writeln!(formatter, "  size         {} bytes", self.size_bytes)?;
        for warning in &self.warnings {
            writeln!(formatter, "  warning      {warning}")?;
        }
        writeln!(formatter, "\n  channel   peak dBFS    RMS dBFS   clipped   DC offset   silence   longest silence")?;
        for (index, levels) in self.levels.iter().enumerate() {
            let ChannelLevels { clipped_samples, dc_offset, silence, .. } = levels;
            let (peak, rms) = (decibels(levels.peak_dbfs), decibels(levels.rms_dbfs));
            let share = format!("{:.1} %", silence.share * 100.0);
            let longest = silence.longest.as_ref().map_or_else(
                || "none".to_owned(),
                |span| format!("{:.3} s at {}", span.end - span.start, clock(span.start)),
            );
            writeln!(
                formatter,
                "  {:>7}   {peak:>9}   {rms:>9}   {clipped_samples:>7}   {dc_offset:>9.1}   {share:>7}   {longest}",
                index + 1
            )?;
        }
        write!(formatter, "\n  silence: 20 ms without a sample at {} dBFS or above", self.silence_below_dbfs)
    }
}

fn decibels(dbfs: Option<f64>) -> String {
    dbfs.map_or_else(|| "-inf".to_owned(), |dbfs| format!("{dbfs:.2}"))
}

/// Formats seconds as hours, minutes and seconds.
fn clock(seconds: f64) -> String {
    let ms = whole((seconds * 1000.0).round());
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    format!("{hours}:{minutes:02}:{:02}.{:03}", ms / 1000 % 60, ms % 1000)
}
