//! The command `callstore audio convert`.

use std::{
    fs,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use service::{
    absolute,
    audio::{Container, Converter, Encoding, Format, Preset},
};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    args::ConvertArgs,
    error::AudioError,
    file::BLOCK,
    input::Input,
    names::{container_named, encoding_named, foreign_named},
    output::{DraftPath, Output},
    progress::Progress,
};
use simulate::plain;

/// Converts a file. Removes the incomplete output if a signal stops the conversion.
pub(super) fn main(args: &ConvertArgs) -> Result<ExitCode, AudioError> {
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

/// The format of the output: a preset, or what the options and the name of the output say.
fn target(args: &ConvertArgs, input: &Input) -> Result<Format, AudioError> {
    if let Some(preset) = args.to {
        return named(args, preset.into());
    }
    let encoding = args.to_encoding.map(Into::into).or_else(|| encoding_named(&args.output));
    let encoding = encoding.unwrap_or(Encoding::Pcm16);
    let sample_rate = match (args.to_rate, encoding) {
        (Some(hz), _) => hz,
        (None, Encoding::Pcm16) => input.format.sample_rate,
        (None, Encoding::Mulaw | Encoding::Alaw) => 8000,
    };
    if let (Some(hz), Err(reason)) = (args.to_rate, encoding.check_rate(sample_rate)) {
        return Err(AudioError::Rate { flag: "--to-rate".to_owned(), hz, reason });
    }
    let container = args.to_container.map(Into::into).or_else(|| container_named(&args.output));
    if let (None, Some(kind)) = (container, foreign_named(&args.output)) {
        return Err(AudioError::ForeignName { file: absolute(&args.output).display().to_string(), kind });
    }
    Ok(Format { encoding, sample_rate, container: container.unwrap_or(Container::Wav) })
}

/// The format of a preset. Fails if the name of the output says another one.
fn named(args: &ConvertArgs, preset: Preset) -> Result<Format, AudioError> {
    let format = preset.format();
    let named = (container_named(&args.output), encoding_named(&args.output));
    if named.0.is_some_and(|named| named != format.container) || named.1.is_some_and(|named| named != format.encoding) {
        let gives = match format.container {
            Container::Raw => "raw pcm16",
            Container::Wav => "a WAV file",
        };
        let (file, preset) = (absolute(&args.output).display().to_string(), preset.as_str());
        return Err(AudioError::Misnamed { file, preset, gives });
    }
    Ok(format)
}

fn convert(args: &ConvertArgs, draft: &DraftPath, mut progress: Progress) -> Result<(), AudioError> {
    let mut input = Input::open(&args.input, args.given())?;
    let target = target(args, &input)?;
    let converter = Converter::new(input.format, target.encoding, target.sample_rate);
    let mut converter = converter.map_err(|reason| AudioError::Unsupported { file: input.name.clone(), reason })?;
    let length = input.samples_len().map(|length| converter.converted_len(length));
    let mut output =
        Output::create((&args.output, args.force), &input, converter.format(), target.container, length, draft)?;

    progress.expect(input.samples_len());
    let outcome = stream(&mut input, &mut converter, &mut output, &mut progress);
    progress.clear();
    outcome?;
    output.finish()?;
    for warning in input.warnings() {
        // The output is complete whether or not this line can be written.
        let _ = writeln!(io::stderr(), "callstore: {}", plain(&format!("{}: {warning}", input.name)));
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
