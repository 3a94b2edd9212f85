//! The command `callstore audio convert`.

use std::{
    fs,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use clap::ValueEnum;
use service::audio::{Container, Converter, Encoding};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    BLOCK,
    args::ConvertArgs,
    error::AudioError,
    input::Input,
    names::{container_named, encoding_named, foreign_named},
    output::{DraftPath, Output},
    progress::Progress,
};
use crate::{audio::Preset, calls::check_rate};

/// Converts a file. Removes the incomplete output if a signal stops the conversion.
pub fn main(args: &ConvertArgs) -> Result<ExitCode, AudioError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AudioError::Runtime)?;
    let (draft, progress) = (Arc::new(DraftPath::new()), Progress::new());
    let work = {
        let (args, draft, progress) = (args.clone(), Arc::clone(&draft), progress.clone());
        move || convert(&args, &draft, progress)
    };
    let outcome = runtime.block_on(async {
        let working = tokio::task::spawn_blocking(work);
        tokio::select! {
            done = working => done.map_err(AudioError::BrokenOff)?.map(|()| ExitCode::SUCCESS),
            number = stopped() => {
                let number = number.map_err(AudioError::Runtime)?;
                progress.clear();
                if let Some(path) = draft.get() {
                    // The file may not exist yet, or may have been renamed to its final name already.
                    let _ = fs::remove_file(path);
                }
                Ok(ExitCode::from(128 + number))
            }
        }
    });
    // Does not wait for the blocking task, since a read from a pipe cannot be interrupted.
    runtime.shutdown_background();
    outcome
}

/// Waits for a signal that asks the process to end, and returns its number.
async fn stopped() -> io::Result<u8> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = hangup.recv() => 1,
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    })
}

/// The format of the output.
struct Target {
    container: Container,
    encoding: Encoding,
    sample_rate: u32,
}

impl Target {
    fn new(args: &ConvertArgs, input: &Input) -> Result<Self, AudioError> {
        if let Some(preset) = args.to {
            return Self::preset(args, preset);
        }
        let encoding = args.to_encoding.map(Into::into).or_else(|| encoding_named(&args.output));
        let encoding = encoding.unwrap_or(Encoding::Pcm16);
        let sample_rate = match (args.to_rate, encoding) {
            (Some(hz), _) => hz,
            (None, Encoding::Pcm16) => input.format.sample_rate,
            (None, Encoding::Mulaw | Encoding::Alaw) => 8000,
        };
        if let (Some(hz), Err(reason)) = (args.to_rate, check_rate(encoding.into(), sample_rate)) {
            return Err(AudioError::Rate { flag: "--to-rate".to_owned(), hz, reason });
        }
        let container = args.to_container.map(Into::into).or_else(|| container_named(&args.output));
        if let (None, Some(kind)) = (container, foreign_named(&args.output)) {
            return Err(AudioError::ForeignName { file: args.output.display().to_string(), kind });
        }
        Ok(Self { container: container.unwrap_or(Container::Wav), encoding, sample_rate })
    }

    fn preset(args: &ConvertArgs, preset: Preset) -> Result<Self, AudioError> {
        let format = preset.format();
        let container = format.container.unwrap_or_default().into();
        let (encoding, sample_rate) = (format.encoding.into(), format.sample_rate);
        let named = (container_named(&args.output), encoding_named(&args.output));
        if named.0.is_some_and(|named| named != container) || named.1.is_some_and(|named| named != encoding) {
            let gives = match container {
                Container::Raw => "raw pcm16",
                Container::Wav => "a WAV file",
            };
            let preset = preset.to_possible_value().map(|preset| preset.get_name().to_owned()).unwrap_or_default();
            return Err(AudioError::Misnamed { file: args.output.display().to_string(), preset, gives });
        }
        Ok(Self { container, encoding, sample_rate })
    }
}

fn convert(args: &ConvertArgs, draft: &DraftPath, mut progress: Progress) -> Result<(), AudioError> {
    let mut input = Input::open(&args.input, args.given())?;
    let target = Target::new(args, &input)?;
    let converter = Converter::new(input.format, target.encoding, target.sample_rate);
    let mut converter = converter.map_err(|reason| AudioError::Unsupported { file: input.name.clone(), reason })?;
    let length = input.samples_len().map(|length| converter.converted_len(length));
    let mut output = Output::create(&args.output, &input, converter.format(), target.container, length, draft)?;

    progress.expect(input.samples_len());
    let outcome = stream(&mut input, &mut converter, &mut output, &mut progress);
    progress.clear();
    outcome?;
    output.finish()?;
    for warning in input.warnings() {
        // The output is complete whether or not this line can be written.
        let _ = writeln!(io::stderr(), "callstore: {}: {warning}", input.name);
    }
    Ok(())
}

fn stream(
    input: &mut Input,
    converter: &mut Converter,
    output: &mut Output<'_>,
    progress: &mut Progress,
) -> Result<(), AudioError> {
    let (mut block, mut converted) = (vec![0; BLOCK], Vec::new());
    loop {
        let count = input.read(&mut block)?;
        converted.clear();
        if count > 0 {
            converter.push(&block[..count], &mut converted);
        } else {
            // Drops an incomplete last frame, of which the input warns.
            converter.finish(&mut converted);
        }
        output.write(&converted)?;
        if count == 0 {
            return Ok(());
        }
        progress.add(count);
    }
}
