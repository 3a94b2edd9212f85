//! The life of one call, from `startCall` to the check of its recording.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    answer::{self, Recording},
    call::Call,
    error::CallFailure,
    ledger::Counts,
    outcome::{Finished, Outcome},
    pace::Pace,
    run::Run,
    settings::Transport,
    source::Source,
    transport::{http, stream, twilio},
    verify,
};

/// Waits for the call's turn, runs the call, and prints what went wrong. Does not start the call if the run is
/// stopping.
pub(crate) async fn make(mut call: Call, run: &Run, pace: Pace) -> Outcome {
    if let Some(begin) = pace.deadline(Duration::ZERO) {
        run.stop.sleep_until(begin).await;
    }
    if run.stop.is_requested() {
        return Outcome { number: call.number, counts: Counts::default(), ending: None };
    }
    let ending = attempt(run, &mut call, pace).await;
    let ending = ending.map_err(|failure| format!("{}: {failure}", call.name()));
    match &ending {
        Ok(finished) if !finished.findings.are_good() => {
            run.progress.say(&format!("{}, call {}: {}", call.name(), finished.id, finished.findings));
        }
        Ok(_) => {}
        Err(sentence) => run.progress.say(sentence),
    }
    run.progress.finished(call.source.frames() as u64, call.ledger.counts.sent);
    Outcome { number: call.number, counts: call.ledger.counts, ending: Some(ending) }
}

async fn attempt(run: &Run, call: &mut Call, pace: Pace) -> Result<Finished, CallFailure> {
    let name = match run.settings.transport {
        Transport::Twilio => stream_whole(run, call, pace).await?,
        Transport::Http | Transport::Stream => start_and_add(run, call, pace).await?,
    };
    call.check_refused()?;
    let ending_at = Instant::now();
    let ended = run.client.end(&name, bytes::Bytes::new()).await?;
    if run.settings.transport != Transport::Twilio {
        run.measure(|measures| measures.completion.note(ending_at.elapsed(), 1));
    }
    if ended.status == "failed" {
        let detail = ended.failure.map_or_else(|| "the service gave no reason.".to_owned(), |failure| failure.detail);
        return Err(CallFailure::NotRecorded { detail });
    }
    let recording = ended.recordings.first();
    let findings = verify::compare(run, call, &ended.id, recording).await?;
    let url = |recording: &Recording| run.client.recording_url(&recording.id);
    Ok(Finished { recording: recording.map(url), id: ended.id, findings })
}

/// Runs a call over Twilio's protocol, where the socket starts and ends it. Returns the `streamSid` once the call is
/// finalized.
async fn stream_whole(run: &Run, call: &mut Call, pace: Pace) -> Result<String, CallFailure> {
    let stopped = twilio::send(run, call, pace).await?;
    let name = call.names.stream_sid.clone();
    run.client.await_end(&name).await?;
    run.client.end(&name, bytes::Bytes::new()).await?;
    run.measure(|measures| measures.completion.note(stopped.elapsed(), 1));
    add_transcripts(run, call, &name).await?;
    Ok(name)
}

/// Starts a call with a request and sends its audio. Returns the call's id once everything has been sent.
async fn start_and_add(run: &Run, call: &mut Call, pace: Pace) -> Result<String, CallFailure> {
    let answer::Call { id, status, .. } = run.client.start(call.start_body()).await?;
    if status != "active" {
        return Err(CallFailure::Over { status });
    }
    if let Source::Recorded(script) = &call.source
        && let Some(metadata) = &script.metadata
    {
        run.client.set_metadata(&id, metadata.clone()).await?;
    }
    match run.settings.transport {
        Transport::Stream => stream::send(run, call, &id, pace).await?,
        Transport::Http | Transport::Twilio => http::send(run, call, &id, pace).await?,
    }
    add_transcripts(run, call, &id).await?;
    Ok(id)
}

/// Sends the transcripts of a recorded session. `name` is the call's id or `streamSid`.
async fn add_transcripts(run: &Run, call: &Call, name: &str) -> Result<(), CallFailure> {
    let Source::Recorded(script) = &call.source else { return Ok(()) };
    for transcripts in &script.transcripts {
        run.client.add_transcripts(name, transcripts.clone()).await?;
    }
    Ok(())
}
