//! What `callstore audio` takes on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use service::audio::MAX_CHANNELS;

use super::input::Given;
use crate::{
    audio::{Container, Preset},
    calls::Encoding,
};

/// Convert and inspect files of audio; needs no service
#[derive(Clone, Debug, Subcommand)]
pub enum AudioCommand {
    Convert(ConvertArgs),
    Inspect(InspectArgs),
}

/// Convert a file to another encoding, sample rate or container
///
/// As the operation convertAudio does, for files of any length: channels are kept, and each is resampled on its own. A WAV file says
/// itself what it holds; the --from options describe raw samples, and a WAV file may not contradict them. OUT appears under
/// its name only when it is complete; a conversion that fails leaves an older OUT as it was. IN and OUT may be the same
/// file.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    callstore audio convert call.ulaw call.wav --to-rate 16000\n  \
    callstore audio convert call.wav call.ulaw\n  \
    sox call.mp3 -t wav - | callstore audio convert - call.pcm --to openai")]
pub struct ConvertArgs {
    /// The file to convert, WAV or raw samples; - is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// The file to write; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,

    /// What encloses IN's samples: raw or wav [default: wav if IN begins with RIFF or is named .wav, else raw]
    #[arg(long, value_name = "CONTAINER", value_enum, hide_possible_values = true)]
    pub from_container: Option<Container>,

    /// How IN's raw samples are encoded: mulaw, alaw or pcm16 (little-endian) [default: what IN's name says, as .alaw or .pcm;
    /// else mulaw]
    #[arg(long, value_name = "ENCODING", value_enum, hide_possible_values = true)]
    pub from_encoding: Option<Encoding>,

    /// Frames a second of IN's raw samples [default: 8000]
    #[arg(long, value_name = "HZ")]
    pub from_rate: Option<u32>,

    /// Channels of IN's raw samples, interleaved [default: 1]
    #[arg(long, value_name = "N", value_parser = channels())]
    pub from_channels: Option<u16>,

    /// A format by name: openai is raw pcm16 at 24000 Hz, storage raw pcm16 at 16000 Hz, wav the same in a WAV file
    #[arg(long, value_name = "FORMAT", value_enum, hide_possible_values = true)]
    #[arg(conflicts_with_all = ["to_container", "to_encoding", "to_rate"])]
    pub to: Option<Preset>,

    /// What encloses OUT's samples: raw or wav [default: raw if OUT is named .raw, .pcm, .ulaw, .alaw or the like, else wav]
    #[arg(long, value_name = "CONTAINER", value_enum, hide_possible_values = true)]
    pub to_container: Option<Container>,

    /// How OUT's samples are encoded: mulaw, alaw or pcm16 (little-endian) [default: what OUT's name says, as .ulaw or
    /// .alaw; else pcm16]
    #[arg(long, value_name = "ENCODING", value_enum, hide_possible_values = true)]
    pub to_encoding: Option<Encoding>,

    /// Frames a second of OUT: 8000, 11025, 16000, 22050, 24000, 32000, 44100 or 48000; mulaw and alaw have 8000
    /// [default: as IN; 8000 for mulaw and alaw]
    #[arg(long, value_name = "HZ")]
    pub to_rate: Option<u32>,

    /// Take what is there of a damaged file: samples up to its end where its sizes lie, without an incomplete last frame
    #[arg(long)]
    pub salvage: bool,
}

impl ConvertArgs {
    /// What is said about the input.
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

/// Show what a file holds: format, duration, and the levels of each channel
///
/// For each channel: the peak and the RMS in dBFS (0 is full scale; the RMS of a full-scale sine is -3.01), the samples at full
/// scale, which may have been clipped (32767 and beyond for pcm16, the largest code for mulaw and alaw), the DC offset (the
/// mean sample), and silence: windows of 20 ms in which no sample reaches a threshold.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    callstore audio inspect call.wav\n  \
    callstore audio inspect call.alaw --json | jq .levels\n  \
    callstore audio inspect - --encoding pcm16 --rate 16000 < call.raw")]
pub struct InspectArgs {
    /// The file, WAV or raw samples; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// What encloses the samples: raw or wav [default: wav if FILE begins with RIFF or is named .wav, else raw]
    #[arg(long, value_name = "CONTAINER", value_enum, hide_possible_values = true)]
    pub container: Option<Container>,

    /// How raw samples are encoded: mulaw, alaw or pcm16 (little-endian) [default: what FILE's name says, as .alaw or .pcm;
    /// else mulaw]
    #[arg(long, value_name = "ENCODING", value_enum, hide_possible_values = true)]
    pub encoding: Option<Encoding>,

    /// Frames a second of raw samples [default: 8000]
    #[arg(long, value_name = "HZ")]
    pub rate: Option<u32>,

    /// Channels of raw samples, interleaved [default: 1]
    #[arg(long, value_name = "N", value_parser = channels())]
    pub channels: Option<u16>,

    /// The threshold that silence stays below, in dBFS
    #[arg(long, value_name = "DBFS", default_value = "-60", allow_negative_numbers = true, value_parser = threshold)]
    pub silence_below: f64,

    /// Print JSON, with times in seconds
    #[arg(long)]
    pub json: bool,

    /// Take what is there of a damaged file: samples up to its end where its sizes lie, without an incomplete last frame
    #[arg(long)]
    pub salvage: bool,
}

impl InspectArgs {
    /// What is said about the file.
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

fn channels() -> clap::builder::RangedI64ValueParser<u16> {
    clap::builder::RangedI64ValueParser::new().range(1..=i64::from(MAX_CHANNELS))
}

fn threshold(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(dbfs) if (-120.0..=0.0).contains(&dbfs) => Ok(dbfs),
        _ => Err("expected -120 to 0 dBFS".to_owned()),
    }
}
