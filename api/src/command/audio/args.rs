//! The command-line arguments of `callstore audio`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use service::audio::MAX_CHANNELS;
use simulate::between;

use super::names::Given;
use crate::{
    audio::{Container, Preset},
    calls::format::Encoding,
};

/// Convert and inspect audio files; needs no service
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AudioCommand {
    Convert(ConvertArgs),
    Inspect(InspectArgs),
}

/// Convert a file to another encoding, sample rate or container
///
/// Does what the operation convertAudio does, for files of any length. Keeps the channels and resamples each on its
/// own. A WAV file states its own format; the --from options describe raw samples and must not contradict a WAV file.
/// OUT gets its name only when the conversion is complete. An existing OUT is replaced only with --force, and then IN
/// and OUT may be the same file.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    callstore audio convert call.ulaw call.wav --to-rate 16000\n  \
    callstore audio convert call.wav call.ulaw\n  \
    sox call.mp3 -t wav - | callstore audio convert - call.pcm --to openai")]
pub(crate) struct ConvertArgs {
    /// File to convert, WAV or raw samples; - is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// File to write; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,

    /// Container of IN: raw or wav [default: wav if IN begins with RIFF or is named .wav, else raw]
    #[arg(long, value_name = "CONTAINER", value_enum, hide_possible_values = true)]
    pub from_container: Option<Container>,

    /// Encoding of raw IN: mulaw, alaw or pcm16 (little-endian) [default: from IN's name, such as .alaw or .pcm, else
    /// mulaw]
    #[arg(long, value_name = "ENCODING", value_enum, hide_possible_values = true)]
    pub from_encoding: Option<Encoding>,

    /// Sample rate of raw IN [default: 8000]
    #[arg(long, value_name = "HZ", value_parser = rate)]
    pub from_rate: Option<u32>,

    /// Channels of raw IN, interleaved [default: 1]
    #[arg(long, value_name = "N", value_parser = between::<u16>(1..=MAX_CHANNELS.into()))]
    pub from_channels: Option<u16>,

    /// Format preset: openai is raw pcm16 at 24000 Hz, storage is raw pcm16 at 16000 Hz, wav is storage in a WAV file
    #[arg(long, value_name = "FORMAT", value_enum, hide_possible_values = true)]
    #[arg(conflicts_with_all = ["to_container", "to_encoding", "to_rate"])]
    pub to: Option<Preset>,

    /// Container of OUT: raw or wav [default: raw if OUT is named .raw, .pcm, .ulaw, .alaw or the like, else wav]
    #[arg(long, value_name = "CONTAINER", value_enum, hide_possible_values = true)]
    pub to_container: Option<Container>,

    /// Encoding of OUT: mulaw, alaw or pcm16 (little-endian) [default: from OUT's name, such as .ulaw or .alaw, else
    /// pcm16]
    #[arg(long, value_name = "ENCODING", value_enum, hide_possible_values = true)]
    pub to_encoding: Option<Encoding>,

    /// Sample rate of OUT: 8000, 11025, 16000, 22050, 24000, 32000, 44100 or 48000; mulaw and alaw only 8000 [default:
    /// as IN; 8000 for mulaw and alaw]
    #[arg(long, value_name = "HZ", value_parser = rate)]
    pub to_rate: Option<u32>,

    /// Replace OUT if it exists and is a regular file
    #[arg(long)]
    pub force: bool,

    /// Accept a damaged file: use the samples up to the end of the file, even if a WAV header states fewer, and leave
    /// out an incomplete last frame
    #[arg(long)]
    pub salvage: bool,
}

impl ConvertArgs {
    /// The format that the options state for the input.
    pub(super) fn given(&self) -> Given {
        Given {
            flags: "--from-",
            container: self.from_container.map(Into::into),
            encoding: self.from_encoding.map(Into::into),
            sample_rate: self.from_rate,
            channels: self.from_channels,
            salvage: self.salvage,
        }
    }
}

/// Show a file's format, duration, and the levels of each channel
///
/// Peak and RMS are in dBFS: 0 is full scale, and a full-scale sine has an RMS of -3.01. Clipped counts samples at full
/// scale, which is 32767 and beyond for pcm16 and the largest code for mulaw and alaw. The DC offset is the mean
/// sample. Silence is the windows of 20 ms in which every sample is below a threshold.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    callstore audio inspect call.wav\n  \
    callstore audio inspect call.alaw --json | jq .levels\n  \
    callstore audio inspect - --encoding pcm16 --rate 16000 < call.raw")]
pub(crate) struct InspectArgs {
    /// File to inspect, WAV or raw samples; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Container: raw or wav [default: wav if FILE begins with RIFF or is named .wav, else raw]
    #[arg(long, value_name = "CONTAINER", value_enum, hide_possible_values = true)]
    pub container: Option<Container>,

    /// Encoding of raw samples: mulaw, alaw or pcm16 (little-endian) [default: from FILE's name, such as .alaw or .pcm,
    /// else mulaw]
    #[arg(long, value_name = "ENCODING", value_enum, hide_possible_values = true)]
    pub encoding: Option<Encoding>,

    /// Sample rate of raw samples [default: 8000]
    #[arg(long, value_name = "HZ", value_parser = rate)]
    pub rate: Option<u32>,

    /// Channels of raw samples, interleaved [default: 1]
    #[arg(long, value_name = "N", value_parser = between::<u16>(1..=MAX_CHANNELS.into()))]
    pub channels: Option<u16>,

    /// Threshold of silence in dBFS, -120 to 0
    #[arg(long, value_name = "DBFS", default_value = "-60", allow_negative_numbers = true, value_parser = threshold)]
    pub silence_below: f64,

    /// Print JSON, with times in seconds
    #[arg(long)]
    pub json: bool,

    /// Accept a damaged file: use the samples up to the end of the file, even if a WAV header states fewer, and leave
    /// out an incomplete last frame
    #[arg(long)]
    pub salvage: bool,
}

impl InspectArgs {
    /// The format that the options state for the file.
    pub(super) fn given(&self) -> Given {
        Given {
            flags: "--",
            container: self.container.map(Into::into),
            encoding: self.encoding.map(Into::into),
            sample_rate: self.rate,
            channels: self.channels,
            salvage: self.salvage,
        }
    }
}

fn rate(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "expected a sample rate in Hz, such as 8000 or 16000")
}

fn threshold(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(dbfs) if (-120.0..=0.0).contains(&dbfs) => Ok(dbfs),
        _ => Err("expected -120 to 0 dBFS".to_owned()),
    }
}
