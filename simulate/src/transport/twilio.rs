//! Sends frames over Twilio Media Streams. The protocol has no acknowledgements: the recording shows which frames were
//! stored.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::socket::{Outbox, Protocol, Sender};
use crate::{call::Call, error::CallFailure, pace::Pace, run::Run, source::Source};

const PATH: &str = "/twilio/stream";

/// The age up to which a sent frame may still be in the service's memory only. The service gathers frames for 50 ms,
/// and a commit can take seconds while the database is overloaded.
const AT_RISK: Duration = Duration::from_secs(3);

#[derive(Default)]
struct Twilio {
    /// The number of messages so far; `start` is the first.
    number: u32,
    /// Frames sent over the current connection within the last `AT_RISK`, oldest first.
    at_risk: VecDeque<(Instant, usize)>,
}

/// Sends all items of a call, which the stream starts and ends. Returns the time at which the stop message was sent.
pub(crate) async fn send(run: &Run, call: &mut Call, pace: Pace) -> Result<Instant, CallFailure> {
    let mut sender = Sender::open(run, call, Twilio::default()).await?;
    sender.send(pace).await?;
    let stop = stop(sender.call);
    let stopped = Instant::now();
    sender.finish(Some(stop)).await?;
    Ok(stopped)
}

impl Protocol for Twilio {
    fn path(&self) -> &str {
        PATH
    }

    fn opening(&mut self, call: &mut Call, _: Instant, out: &mut Outbox) {
        self.number += 1;
        for message in preamble(call, self.number) {
            out.text(message);
        }
    }

    fn item(&mut self, call: &mut Call, item: usize, now: Instant, out: &mut Outbox) {
        self.number += 1;
        out.add(|buffer| {
            call.source.write_twilio(item, &call.names, self.number, buffer);
            Some(false)
        });
        if call.source.frame(item).is_some() {
            call.ledger.send(item);
            self.at_risk.push_back((now, item));
            while self.at_risk.front().is_some_and(|&(sent, _)| now - sent > AT_RISK) {
                self.at_risk.pop_front();
            }
        }
    }

    fn take_at_risk(&mut self) -> Vec<usize> {
        self.at_risk.drain(..).map(|(_, item)| item).collect()
    }

    fn take(&mut self, _: &Run, _: &mut Call, _: &Bytes) {}

    fn comes_back(&self, code: u16) -> bool {
        matches!(code, 1005 | 1006 | 1011 | 1012 | 1013)
    }
}

fn preamble(call: &Call, number: u32) -> Vec<String> {
    let (names, audio) = match &call.source {
        Source::Recorded(script) => return script.session.preamble(&call.names),
        Source::Synthetic(audio, _) => (&call.names, audio),
    };
    let connected = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
    let tracks: Vec<_> = audio.tracks().map(|track| track.name()).collect();
    let start = json!({
        "event": "start",
        "sequenceNumber": number.to_string(),
        "start": {
            "accountSid": names.account_sid(),
            "streamSid": names.stream_sid,
            "callSid": names.call_sid,
            "tracks": tracks,
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1 },
            "customParameters": { "caller": call.caller() },
        },
        "streamSid": names.stream_sid,
    });
    vec![connected.to_string(), start.to_string()]
}

fn stop(call: &Call) -> String {
    let names = &call.names;
    match &call.source {
        Source::Recorded(script) => script.session.stop(names),
        Source::Synthetic(..) => json!({
            "event": "stop",
            "streamSid": names.stream_sid,
            "stop": { "accountSid": names.account_sid(), "callSid": names.call_sid },
        })
        .to_string(),
    }
}
