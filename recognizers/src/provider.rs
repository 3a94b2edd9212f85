//! The providers, and how a document's provider is recognized.

use serde_json::Value;

use crate::{
    draft::Drafts,
    providers::{
        assemblyai, aws_call_analytics, aws_transcribe, azure, deepgram, elevenlabs, faster_whisper, google, openai,
        retell, speechmatics, twilio_intelligence, twilio_transcription, vapi, whisper_cpp,
    },
};

/// Who wrote a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Deepgram, prerecorded and live.
    Deepgram,
    /// AssemblyAI.
    AssemblyAi,
    /// OpenAI's `verbose_json` and `diarized_json`, and openai-whisper.
    OpenAi,
    /// whisper.cpp.
    WhisperCpp,
    /// faster-whisper.
    FasterWhisper,
    /// Twilio Conversational Intelligence, sentences.
    TwilioIntelligence,
    /// Twilio Real-Time Transcription, callbacks.
    TwilioTranscription,
    /// Retell.
    Retell,
    /// Vapi.
    Vapi,
    /// Amazon Transcribe.
    AwsTranscribe,
    /// Amazon Transcribe Call Analytics and Connect Contact Lens.
    AwsCallAnalytics,
    /// Google Speech-to-Text.
    Google,
    /// Azure Speech: batch, fast and real-time.
    Azure,
    /// ElevenLabs Scribe.
    ElevenLabs,
    /// Speechmatics.
    Speechmatics,
    /// WebVTT.
    WebVtt,
    /// SubRip.
    SubRip,
}

/// Turns a document into drafts.
pub(crate) type Read = fn(&Value, &mut Drafts);

/// One form of JSON: whose it is, how it is recognized, and how it is read.
struct Shape {
    provider: Provider,
    recognizes: fn(&Value) -> bool,
    read: Read,
}

const fn shape(provider: Provider, recognizes: fn(&Value) -> bool, read: Read) -> Shape {
    Shape { provider, recognizes, read }
}

/// The forms of JSON in the order in which they are tried. They exclude each other for what providers really send.
const SHAPES: [Shape; 19] = [
    shape(Provider::Deepgram, deepgram::is_prerecorded, deepgram::read_prerecorded),
    shape(Provider::Deepgram, deepgram::is_live, deepgram::read_live),
    shape(Provider::AssemblyAi, assemblyai::recognizes, assemblyai::read),
    shape(Provider::OpenAi, openai::is_verbose, openai::read_verbose),
    shape(Provider::OpenAi, openai::is_diarized, openai::read_diarized),
    shape(Provider::WhisperCpp, whisper_cpp::recognizes, whisper_cpp::read),
    shape(Provider::FasterWhisper, faster_whisper::recognizes, faster_whisper::read),
    shape(Provider::TwilioIntelligence, twilio_intelligence::recognizes, twilio_intelligence::read),
    shape(Provider::TwilioTranscription, twilio_transcription::recognizes, twilio_transcription::read),
    shape(Provider::Retell, retell::recognizes, retell::read),
    shape(Provider::Vapi, vapi::recognizes, vapi::read),
    shape(Provider::AwsTranscribe, aws_transcribe::recognizes, aws_transcribe::read),
    shape(Provider::AwsCallAnalytics, aws_call_analytics::recognizes, aws_call_analytics::read),
    shape(Provider::Google, google::recognizes, google::read),
    shape(Provider::Azure, azure::is_batch, azure::read_batch),
    shape(Provider::Azure, azure::is_real_time, azure::read_real_time),
    shape(Provider::Azure, azure::is_fast, azure::read_fast),
    shape(Provider::ElevenLabs, elevenlabs::recognizes, elevenlabs::read),
    shape(Provider::Speechmatics, speechmatics::recognizes, speechmatics::read),
];

/// The reader of a document: of the `named` provider's shapes the one that fits, else of all shapes.
pub(crate) fn reader(document: &Value, named: Option<Provider>) -> Option<(Provider, Read)> {
    let mut shapes = SHAPES.iter().filter(|shape| named.is_none_or(|named| named == shape.provider));
    let shape = shapes.find(|shape| (shape.recognizes)(document))?;
    Some((shape.provider, shape.read))
}

impl Provider {
    /// All providers, in the order in which they are recognized.
    pub const ALL: [Self; 17] = [
        Self::Deepgram,
        Self::AssemblyAi,
        Self::OpenAi,
        Self::WhisperCpp,
        Self::FasterWhisper,
        Self::TwilioIntelligence,
        Self::TwilioTranscription,
        Self::Retell,
        Self::Vapi,
        Self::AwsTranscribe,
        Self::AwsCallAnalytics,
        Self::Google,
        Self::Azure,
        Self::ElevenLabs,
        Self::Speechmatics,
        Self::WebVtt,
        Self::SubRip,
    ];

    /// The name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deepgram => "deepgram",
            Self::AssemblyAi => "assemblyai",
            Self::OpenAi => "openai",
            Self::WhisperCpp => "whisper_cpp",
            Self::FasterWhisper => "faster_whisper",
            Self::TwilioIntelligence => "twilio_intelligence",
            Self::TwilioTranscription => "twilio_transcription",
            Self::Retell => "retell",
            Self::Vapi => "vapi",
            Self::AwsTranscribe => "aws_transcribe",
            Self::AwsCallAnalytics => "aws_call_analytics",
            Self::Google => "google",
            Self::Azure => "azure",
            Self::ElevenLabs => "elevenlabs",
            Self::Speechmatics => "speechmatics",
            Self::WebVtt => "webvtt",
            Self::SubRip => "srt",
        }
    }

    /// The unit of the times in its documents, for messages.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::AssemblyAi | Self::AwsCallAnalytics | Self::WhisperCpp => "milliseconds",
            Self::Azure => "ticks of 100 ns, milliseconds or ISO 8601 durations",
            Self::WebVtt | Self::SubRip => "hours, minutes and seconds",
            Self::Deepgram
            | Self::OpenAi
            | Self::FasterWhisper
            | Self::TwilioIntelligence
            | Self::TwilioTranscription
            | Self::Retell
            | Self::Vapi
            | Self::AwsTranscribe
            | Self::Google
            | Self::ElevenLabs
            | Self::Speechmatics => "seconds",
        }
    }
}
