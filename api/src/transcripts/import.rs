//! `importTranscripts`.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::StatusCode,
    post,
    web::{self, Data},
};
use recognizers::{Form, Provider, Reading, Unreadable, Utterance};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};
use service::{Callstore, NewTranscript, Private, audio::number::wide};
use tokio::sync::Semaphore;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use validator::Validate;

use crate::{
    audit::record::Entry,
    extract::{Body, By, CallPath, IdempotencyKey, Query, repaired},
    limits::BATCH_MAX_BYTES,
    problem::{Problem, ProblemCode},
};

/// Names the provider of a document.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportQuery {
    /// Who wrote the document. Recognized from its shape by default.
    provider: Option<TranscriptProvider>,
}

/// A speech recognizer, a voice platform or a format of captions, by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TranscriptProvider(Provider);

/// The names, in the order in which providers are recognized.
const NAMES: [&str; Provider::ALL.len()] = {
    let mut names = [""; Provider::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Provider::ALL[at].name();
        at += 1;
    }
    names
};

impl Serialize for TranscriptProvider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for TranscriptProvider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let provider = Provider::ALL.into_iter().find(|provider| provider.name() == name);
        provider.map(Self).ok_or_else(|| de::Error::unknown_variant(&name, &NAMES))
    }
}

impl PartialSchema for TranscriptProvider {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A speech recognizer, a voice platform or a format of captions."))
            .enum_values(Some(NAMES))
            .into()
    }
}

impl ToSchema for TranscriptProvider {}

/// The accepted content types, and how their bytes are read.
const TYPES: [(&str, Form); 3] =
    [("application/json", Form::Json), ("text/vtt", Form::WebVtt), ("application/x-subrip", Form::SubRip)];

/// Lets few documents be read at a time, in order of arrival.
static READERS: Semaphore = Semaphore::const_new(2);

/// A recognizer's document.
pub(crate) struct Document {
    body: Body,
    form: Form,
}

impl FromRequest for Document {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = Body::read(&request, &mut payload, BATCH_MAX_BYTES).await?;
            body.expect(&TYPES.map(|(name, _)| name))?;
            let form = TYPES.iter().find(|(name, _)| body.is(name)).map_or(Form::Json, |(_, form)| *form);
            Ok(Self { body, form })
        })
    }
}

/// An item of an imported document that was repaired or skipped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportProblem {
    /// A JSON pointer to the item. Cues of captions are `/cues/0`, `/cues/1` and so on.
    pointer: String,
    /// What was wrong, and whether the item was repaired or skipped.
    detail: String,
}

/// What was stored of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportedTranscripts {
    /// Who wrote the document.
    provider: TranscriptProvider,
    /// The number of new transcripts, and of those that replaced a stored one.
    imported: u64,
    /// The number of transcripts that were stored before, or stand in the document again.
    duplicates: u64,
    /// The number of items that could not be used.
    skipped: u64,
    /// The first 100 items that were repaired or skipped.
    problems: Vec<ImportProblem>,
}

impl ImportedTranscripts {
    fn sample() -> Self {
        let detail = "Skipped: its text is empty.".to_owned();
        let problems = vec![ImportProblem { pointer: "/results/utterances/3".to_owned(), detail }];
        Self { provider: TranscriptProvider(Provider::Deepgram), imported: 12, duplicates: 0, skipped: 1, problems }
    }
}

/// A document as faster-whisper writes it.
fn sample() -> Value {
    json!([{ "start": 0.5, "end": 3.77, "text": " Welcome to Luigi's.", "words": null }])
}

/// Import transcripts from a recognizer
///
/// Send the answer of a speech recognizer or voice platform unchanged, as JSON, WebVTT or SubRip. Its provider is
/// recognized by its shape. A bad item is repaired or skipped, and listed in `problems`; the rest is stored in one
/// transaction. The same document again adds nothing (200).
#[utoipa::path(
    operation_id = "importTranscripts",
    tag = "Transcripts",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    params(ImportQuery),
    request_body(
        content((Value = "application/json", example = json!(sample())),
            (String = "text/vtt", example = "WEBVTT\n\n00:00:00.500 --> 00:00:03.770\n<v agent>Welcome to Luigi's.\n"),
            (String = "application/x-subrip",
                example = "1\n00:00:00,500 --> 00:00:03,770\nagent: Welcome to Luigi's.\n\n")),
        description = "The document, up to 8 MiB."),
    responses(
        (status = 200, description = "All transcripts were stored before.", body = ImportedTranscripts, example = json!(ImportedTranscripts::sample())),
        (status = 201, description = "The transcripts are stored.", body = ImportedTranscripts, example = json!(ImportedTranscripts::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[post("/calls/{call}/transcripts/import")]
pub(crate) async fn import_transcripts(
    callstore: Data<Callstore>,
    call: CallPath,
    Query(query): Query<ImportQuery>,
    By(author): By,
    idempotency: IdempotencyKey,
    entry: Entry,
    document: Document,
) -> Result<HttpResponse, Problem> {
    let provider = query.provider.map(|named| named.0);
    let Document { body, form } = document;
    // A document takes many times its size while it is read.
    let _turn = READERS.acquire().await;
    let reading = web::block(move || read(&body.bytes, form, provider)).await;
    let reading = reading.map_err(|_| Problem::new(ProblemCode::InternalError, "The document could not be read."))?;
    let Reading { provider, utterances, duplicates, skipped, problems } = reading.map_err(unreadable)?;
    let new = utterances.into_iter().map(new_transcript).collect();
    let entry = entry.of(StatusCode::CREATED);
    let stored = callstore.transcripts.import(&call.0, new, author, idempotency.key(), entry).await?;
    let is_repeated = stored.imported == 0 && stored.duplicates > 0;
    let mut response = if is_repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(idempotency.answer(response.json(ImportedTranscripts {
        provider: TranscriptProvider(provider),
        imported: stored.imported,
        duplicates: stored.duplicates + wide(duplicates),
        skipped: wide(skipped),
        problems: problems.into_iter().map(|one| ImportProblem { pointer: one.pointer, detail: one.detail }).collect(),
    })))
}

/// Reads a document, also if its JSON has half of a surrogate pair.
fn read(document: &[u8], form: Form, provider: Option<Provider>) -> Result<Reading, Unreadable> {
    let reading = recognizers::read(document, form, provider);
    match reading {
        Err(Unreadable::NotJson(_)) => match repaired(document) {
            Some(repaired) => recognizers::read(&repaired, form, provider),
            None => reading,
        },
        reading => reading,
    }
}

fn unreadable(error: Unreadable) -> Problem {
    match error {
        Unreadable::NotJson(error) => {
            Problem::new(ProblemCode::MalformedJson, format!("The document is not JSON: {error}."))
        }
        Unreadable::TooDeep => Problem::invalid_field(
            "",
            "The document is nested more than 127 levels deep. Leave out what is nested so deep.",
        ),
        Unreadable::TooMany => {
            Problem::invalid_field("", "The document has more than 250,000 objects and arrays. Send it in parts.")
        }
        Unreadable::Unknown => {
            let detail = format!(
                "No known transcript format has this shape. Known are {}. Send the provider's answer unchanged, or use \
                 addTranscripts.",
                NAMES.join(", ")
            );
            Problem::new(ProblemCode::UnknownTranscriptFormat, detail)
        }
    }
}

fn new_transcript(utterance: Utterance) -> NewTranscript {
    let word = |word: recognizers::Word| {
        json!({
            "text": word.text,
            "startTime": word.start_time,
            "endTime": word.end_time,
            "confidence": word.confidence,
        })
    };
    let words: Vec<Value> = utterance.words.into_iter().map(word).collect();
    NewTranscript {
        external_id: Some(utterance.external_id),
        kind: match utterance.kind {
            recognizers::Kind::Speech => service::TranscriptKind::Speech,
            recognizers::Kind::ToolCall => service::TranscriptKind::ToolCall,
            recognizers::Kind::ToolResult => service::TranscriptKind::ToolResult,
            recognizers::Kind::Note => service::TranscriptKind::Note,
        },
        track: utterance.track.map(|track| match track {
            recognizers::Track::Inbound => service::Track::Inbound,
            recognizers::Track::Outbound => service::Track::Outbound,
        }),
        speaker: utterance.speaker.into(),
        text: utterance.text.into(),
        start_time: utterance.start_time,
        end_time: utterance.end_time,
        confidence: utterance.confidence,
        language: utterance.language,
        words: (!words.is_empty()).then(|| Private::new(Value::Array(words))),
        data: utterance.data.map(|data| Private::new(Value::Object(data))),
        is_final: utterance.is_final,
    }
}
