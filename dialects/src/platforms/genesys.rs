//! Genesys `AudioHook`, version 2: a conversation of numbered texts, and binary audio on one time line with what was
//! left out. The service has to answer `open`, `ping`, `update` and `close`.

use serde_json::{Value, json};

use super::binary::Binary;
use crate::{
    Context, Name, Refusal, Track,
    codec::Spec,
    dialect::Dialect,
    fields::{Fields, count, object, object_or_text, parse, small, text, word},
    opening::Draft,
    output::{Output, Place},
};

/// The id of a probe's conversation and participant.
const NULL: &str = "00000000-0000-0000-0000-000000000000";

/// A session of Genesys.
pub(crate) struct Genesys {
    context: Context,
    /// The client's id of the session.
    id: String,
    /// The number of our last message, and of the client's.
    seq: u64,
    client_seq: u64,
    audio: Option<Binary>,
    /// The tracks of the channels.
    tracks: Vec<Track>,
    /// Where the next audio belongs, in samples.
    position: u64,
    opened: bool,
    closed: bool,
    probe: bool,
}

impl Genesys {
    pub(crate) fn new(context: Context) -> Self {
        let (id, tracks) = (String::new(), Vec::new());
        let (seq, client_seq, position) = (0, 0, 0);
        Self { context, id, seq, client_seq, audio: None, tracks, position, opened: false, closed: false, probe: false }
    }

    /// A message of ours.
    fn message(&mut self, kind: &str, parameters: &Value) -> String {
        self.seq += 1;
        let (seq, clientseq) = (self.seq, self.client_seq);
        let message = json!({
            "version": "2", "type": kind, "id": self.id, "seq": seq, "clientseq": clientseq, "parameters": parameters,
        });
        message.to_string()
    }

    fn open(&mut self, fields: &Fields, out: &mut Output) {
        if std::mem::replace(&mut self.opened, true) {
            return out.skip("second_start");
        }
        self.id = text(fields, "id").unwrap_or_default();
        let empty = Fields::new();
        let parameters = object(fields, "parameters").unwrap_or(&empty);
        if let Some(organization) = &self.context.organization
            && !word(parameters, "organizationId").eq_ignore_ascii_case(organization)
        {
            return out.refuse(Refusal::Unauthorized, Some(self.id.clone()));
        }
        let participant = object(parameters, "participant").unwrap_or(&empty);
        let offers = parameters.get("media").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let Some(chosen) = best(offers) else {
            return out.refuse(Refusal::Format("no PCMU or L16".to_owned()), Some(self.id.clone()));
        };
        let channels: Vec<&str> = chosen
            .get("channels")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |channels| channels.iter().filter_map(Value::as_str).collect());
        let track = |channel: &&str| if *channel == "internal" { Track::Outbound } else { Track::Inbound };
        self.tracks = channels.iter().map(track).collect();
        let conversation = text(parameters, "conversationId");
        self.probe = conversation.as_deref() == Some(NULL) || word(participant, "id") == NULL;
        if !self.probe {
            let mut custom = object_or_text(parameters, "customConfig").unwrap_or_default();
            if let Some(sessions) = parameters.get("continuedSessions") {
                custom.entry("continuedSessions").or_insert_with(|| sessions.clone());
            }
            let draft = Draft {
                stream_id: Some(self.id.clone()),
                call_id: conversation,
                caller: text(participant, "ani"),
                callee: text(participant, "dnis"),
                direction: None,
                parameters: custom,
            };
            let spec = Spec {
                encoding: text(chosen, "format"),
                rate: small(chosen, "rate"),
                channels: Some(if self.tracks.len() == 2 { 2 } else { 1 }),
            };
            self.audio = Binary::begin(Name::Genesys, &self.context, draft, spec, out);
            if self.audio.is_none() {
                return;
            }
        }
        let answer = self.message("opened", &json!({ "startPaused": false, "media": [chosen] }));
        out.answer(answer);
    }

    /// Goes on after what was left out.
    fn discarded(&mut self, fields: &Fields) {
        let Some(parameters) = object(fields, "parameters") else { return };
        let rate = self.audio.as_ref().map_or(8_000, |audio| audio.format().sample_rate_hz);
        let at = |name: &str| duration_ms(word(parameters, name));
        if let (Some(start), Some(left_out)) = (at("start"), at("discarded")) {
            let end_ms = start.saturating_add(left_out);
            self.position = self.position.max(end_ms.saturating_mul(u64::from(rate)) / 1000);
        }
    }
}

/// The best of the offered formats: mu-law before L16, two channels before one.
fn best(offers: &[Value]) -> Option<&Fields> {
    let worth = |offer: &&Fields| {
        let channels = offer.get("channels").and_then(Value::as_array).map_or(0, Vec::len);
        let format = match word(offer, "format") {
            "PCMU" => 2,
            "L16" => 1,
            _ => 0,
        };
        if format == 0 || !(1..=2).contains(&channels) { 0 } else { 10 * channels + format }
    };
    // Of equals the first, as they are offered in the client's order.
    let offers = offers.iter().filter_map(Value::as_object).rev();
    offers.max_by_key(worth).filter(|offer| worth(offer) > 0)
}

/// Milliseconds of an ISO 8601 duration of hours, minutes and seconds, such as `PT1M2.5S`.
fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, unit) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let seconds = match unit.chars().next()? {
            'H' => 3600.0,
            'M' => 60.0,
            'S' => 1.0,
            _ => return None,
        };
        total += number * seconds;
        rest = unit.get(1..)?;
    }
    milliseconds(total)
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
fn milliseconds(seconds: f64) -> Option<u64> {
    let rounded = (seconds * 1000.0).round();
    (0.0..1e12).contains(&rounded).then_some(rounded as u64)
}

impl Dialect for Genesys {
    fn text(&mut self, message: &str, _: u64, out: &mut Output) {
        let Some(fields) = parse(message) else { return out.skip("malformed") };
        if let Some(seq) = count(&fields, "seq") {
            self.client_seq = seq;
        }
        match word(&fields, "type") {
            "open" => self.open(&fields, out),
            "ping" => {
                let answer = self.message("pong", &json!({}));
                out.answer(answer);
            }
            "update" => {
                let answer = self.message("updated", &json!({}));
                out.answer(answer);
            }
            "discarded" | "resumed" => self.discarded(&fields),
            "dtmf" => out.dtmf(None, object(&fields, "parameters").and_then(|parameters| text(parameters, "digit"))),
            "close" if !self.closed => {
                self.closed = true;
                // The answer comes when the audio before it is stored.
                if self.audio.is_some() {
                    out.stop();
                }
                let answer = self.message("closed", &json!({}));
                out.answer(answer);
                if self.audio.is_none() {
                    out.stop();
                }
            }
            "error" => out.complain(),
            "" => out.skip("malformed"),
            _ => out.ignore(),
        }
    }

    fn binary(&mut self, bytes: &[u8], out: &mut Output) {
        if self.closed {
            return out.skip("call_ended");
        }
        match &mut self.audio {
            Some(audio) => {
                let samples = audio.message_at(bytes, &self.tracks, Place::Samples(self.position), out);
                self.position = self.position.saturating_add(audio::number::wide(samples));
            }
            None if self.probe => {}
            None => out.skip("before_start"),
        }
    }

    fn refusal(&mut self, unauthorized: bool, info: &str) -> Option<String> {
        let reason = if unauthorized { "unauthorized" } else { "error" };
        Some(self.message("disconnect", &json!({ "reason": reason, "info": info })))
    }

    fn hangs_up_itself(&self) -> bool {
        true
    }

    fn is_probe(&self) -> bool {
        self.probe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_to_the_millisecond() {
        for (text, expected) in [
            ("PT0S", Some(0)),
            ("PT2.5S", Some(2_500)),
            ("PT1H2M3.004S", Some(3_723_004)),
            ("PT", Some(0)),
            ("2S", None),
            ("PT1D", None),
            ("PT5", None),
            ("PT1e400S", None),
        ] {
            assert_eq!(duration_ms(text), expected, "{text}");
        }
    }

    #[test]
    fn mu_law_of_both_parties_is_chosen() {
        let offers = json!([
            { "format": "L16", "channels": ["external", "internal"] },
            { "format": "PCMU", "channels": ["external"] },
            { "format": "PCMU", "channels": ["external", "internal"] },
        ]);
        let chosen = best(offers.as_array().map_or(&[], Vec::as_slice));
        assert_eq!(
            chosen.map(|offer| (word(offer, "format"), &offer["channels"][1])),
            Some(("PCMU", &json!("internal")))
        );
        assert!(best(&[json!({ "format": "OPUS", "channels": ["external"] })]).is_none());
    }
}
