//! What comes in requests: headers, queries, forms, JSON.

use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE};
use serde::{Serialize, de::DeserializeOwned};
use service::{CallFilter, CallSort, ListCalls, audio::Encoding};
use url::Url;
use validator::Validate;

use crate::{
    access::{self, hosts::Hosts},
    analytics::add::AddAnalytics,
    audio::model::ConvertAudio,
    calls::{
        self, end::EndCall, filter::Filtered, get::GetCallQuery, list::ListCallsQuery, start::StartCall,
        token::CreateCallToken, update::UpdateCall,
    },
    chunks::{
        add::{AddAudioChunk, RawChunkQuery},
        add_batch::AddAudioChunks,
        media::raw_audio,
    },
    extract::{Form, JsonBody, NoQuery, PageQuery, from_json, query::parse},
    keys::{create::CreateKey, rotate::RotateKey},
    metadata::{set::SetMetadata, update::UpdateMetadata},
    problem::Problem,
    recordings::{
        download::DownloadQuery,
        link::CreateRecordingLink,
        range::{Wanted, wanted},
    },
    transcripts::{
        add::AddTranscript, add_batch::AddTranscripts, list::ListTranscriptsQuery, update::UpdateTranscript,
    },
    twilio::{
        signature::{AuthTokens, Signatures, joined, signature},
        status::StatusForm,
        voice::VoiceForm,
    },
    webhooks::{create::CreateWebhook, replay::ReplayWebhook, update::UpdateWebhook},
    wire::Time,
};

/// A body that is accepted is accepted again as it would be written, and says the same. The first byte is the
/// operation.
pub fn json_body(bytes: &[u8]) {
    const OPERATIONS: [fn(&[u8]); 19] = [
        json::<StartCall>,
        json::<UpdateCall>,
        json::<EndCall>,
        json::<AddAudioChunk>,
        json::<AddAudioChunks>,
        json::<AddTranscript>,
        json::<AddTranscripts>,
        json::<AddAnalytics>,
        json::<SetMetadata>,
        json::<UpdateMetadata>,
        json::<CreateRecordingLink>,
        json::<CreateKey>,
        json::<ConvertAudio>,
        json::<UpdateTranscript>,
        json::<CreateCallToken>,
        json::<RotateKey>,
        json::<CreateWebhook>,
        json::<UpdateWebhook>,
        json::<ReplayWebhook>,
    ];
    choose(&OPERATIONS, bytes, |operation, bytes| operation(bytes));
}

fn json<T: JsonBody + Serialize>(bytes: &[u8]) {
    let written = |value: &T| serde_json::to_vec(value).unwrap_or_default();
    match from_json::<T>(bytes) {
        Ok(value) => {
            let first = written(&value);
            let again = from_json::<T>(&first).unwrap_or_else(|problem| panic!("accepted, and not again: {problem:?}"));
            assert_eq!(written(&again), first);
        }
        Err(problem) => is_told(&problem, &[400, 422]),
    }
}

/// Calls one of several with what follows the byte that chooses.
fn choose<T>(all: &[T], bytes: &[u8], call: impl FnOnce(&T, &[u8])) {
    if let Some((first, rest)) = bytes.split_first() {
        call(&all[usize::from(*first) % all.len()], rest);
    }
}

/// A refusal says what is wrong and where, and repeats little of what it was sent.
fn is_told(problem: &Problem, statuses: &[u16]) {
    let details = problem.details("");
    assert!(statuses.contains(&details.status) && !details.detail.is_empty());
    for error in &details.errors {
        assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{}", error.pointer);
        assert!(error.pointer.chars().count() <= 513 && error.detail.chars().count() <= 513);
    }
}

/// A query is read or refused, and the address of a next page asks for the same calls. The first byte is the operation.
pub fn query(bytes: &[u8]) {
    const OPERATIONS: [fn(&str); 7] = [
        list_calls,
        read::<GetCallQuery>,
        read::<ListTranscriptsQuery>,
        read::<PageQuery>,
        read::<RawChunkQuery>,
        read::<DownloadQuery>,
        read::<NoQuery>,
    ];
    choose(&OPERATIONS, bytes, |operation, bytes| operation(&String::from_utf8_lossy(bytes)));
}

fn read<T: DeserializeOwned + Validate>(query: &str) {
    if let Err(problem) = parse::<T>(query) {
        is_told(&problem, &[422]);
    }
}

fn list_calls(query: &str) {
    let read = |query: &str| {
        let read = Filtered::<ListCallsQuery>::parse(query);
        read.inspect_err(|problem| is_told(problem, &[422])).map(|Filtered { query, filter }| query.of(filter))
    };
    let Ok(list) = read(query) else { return };
    assert!((1..=500).contains(&list.limit) && list.offset <= 100_000);
    let next = calls::list::next_page("/calls", query, "AQ");
    let next = next.split_once('?').map_or("", |(_, query)| query);
    let next = read(next).unwrap_or_else(|problem| panic!("a next page that cannot be asked for: {problem:?}"));
    let asked = |list: ListCalls| -> (CallFilter, CallSort, u64) { (list.filter, list.sort, list.limit) };
    assert_eq!((next.cursor.as_deref(), next.offset), (Some("AQ"), 0));
    assert!(asked(next) == asked(list));
}

/// A form is read or refused, and a signature holds only if it was made with the token, whatever the order of the
/// fields. The bytes are a path, a line feed, a signature, a line feed, a form.
pub fn form(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let (path, given) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let form = match Form::of(parts.next().unwrap_or_default()) {
        Ok(form) => form,
        Err(problem) => return is_told(&problem, &[400]),
    };
    for problem in [form.read::<VoiceForm>().err(), form.read::<StatusForm>().err()].iter().flatten() {
        is_told(problem, &[422]);
    }
    let (Ok(tokens), Ok(public)) = (AuthTokens::parse("12345"), "https://calls.example.com".parse()) else { return };
    let (signatures, path) = (Signatures { tokens, public }, String::from_utf8_lossy(path));
    let own = signature("12345", &format!("https://calls.example.com{path}"), &joined(form.pairs().collect()));
    let mut fields: Vec<_> = form.pairs().collect();
    fields.reverse();
    assert!(signatures.holds(false, &path, fields.clone(), own.as_bytes()));
    assert!(given.len() == own.len() || !signatures.holds(false, &path, fields, given));
}

/// A `Content-Type` names a format that there is: G.711 at its one rate, or PCM16 with a rate.
pub fn media_type(bytes: &[u8]) {
    match raw_audio(str::from_utf8(bytes).ok()) {
        Ok(raw) => match raw.format {
            Some(format) if format.encoding == Encoding::Pcm16 => {
                assert!(raw.big_endian);
                assert_eq!(raw_audio(Some(&format!("audio/L16;rate={}", format.sample_rate_hz))).ok(), Some(raw));
            }
            Some(format) => assert!(format.sample_rate_hz == 8_000 && !raw.big_endian),
            None => assert!(!raw.big_endian),
        },
        Err(problem) => is_told(&problem, &[415]),
    }
}

/// Headers whose values are lines of bytes; none where a line is no value of a header.
fn headers<const N: usize>(names: [HeaderName; N], bytes: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, line) in names.into_iter().zip(bytes.split(|byte| *byte == b'\n')) {
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

/// A part that is sent lies within the file and has a byte at least. The bytes are `Range`, `If-Range` and
/// `If-None-Match`, line by line.
pub fn range(bytes: &[u8]) {
    let Some(headers) = headers([RANGE, IF_RANGE, IF_NONE_MATCH], bytes) else { return };
    for size in [0, 1, 44, 1 << 40, u64::MAX] {
        if let Wanted::Part(part) = wanted(&headers, "\"etag\"", size) {
            assert!(part.start < part.end && part.end <= size);
        }
    }
}

/// A host or an origin that is let in is one of this machine, or listed, also for a browser.
pub fn host(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(hosts) = "calls.example.com".parse::<Hosts>() else { return };
    let known = |address: &str| {
        let Ok(url) = Url::parse(address) else { return true };
        let host = url.host_str().unwrap_or_default();
        let own = host.starts_with("127.") || ["localhost", "[::1]", "calls.example.com"].contains(&host);
        own && url.username().is_empty() && url.path() == "/"
    };
    assert!(!hosts.allow(&text) || known(&format!("http://{text}/")));
    assert!(!hosts.allow_origin(&text) || known(&text));
}

/// A key is taken out of one header, without the spaces around it.
pub fn bearer(bytes: &[u8]) {
    let Some(headers) = headers([AUTHORIZATION, AUTHORIZATION], bytes) else { return };
    if let Some(key) = access::bearer::bearer(&headers) {
        assert!(!key.is_empty() && key.trim_matches(' ') == key && !bytes.contains(&b'\n'));
    }
}

/// However long a client would wait, an answer comes within half a minute.
pub fn prefer(bytes: &[u8]) {
    let prefer = HeaderName::from_static("prefer");
    let Some(headers) = headers([prefer.clone(), prefer], bytes) else { return };
    assert!(calls::end::wait(&headers) <= Duration::from_secs(30));
}

/// A time is read the same again as it is written.
pub fn time(bytes: &[u8]) {
    if let Ok(time) = Time::parse(&String::from_utf8_lossy(bytes)) {
        assert_eq!(Time::parse(&time.to_string()), Ok(time));
    }
}
