//! What problems about calls, recordings and other resources say.

use actix_web::http::StatusCode;

use super::code::{Entry, ProblemCode};

/// Problems of single resources.
pub(super) const OF_RESOURCES: [Entry; 27] = {
    use ProblemCode as P;
    use StatusCode as S;
    [
        (
            P::CallNotFound,
            S::NOT_FOUND,
            "Call not found",
            "No call has this id or streamSid, or it was deleted. `GET /calls` lists all calls.",
        ),
        (
            P::RecordingNotFound,
            S::NOT_FOUND,
            "Recording not found",
            "No recording has this id, or its call was deleted. `GET /calls/{call}/recordings` lists a call's \
             recordings.",
        ),
        (
            P::RecordingDamaged,
            S::INTERNAL_SERVER_ERROR,
            "Recording damaged",
            "The recording's file is not what the service wrote. No changed byte was sent. Restore the file from a \
             backup; `callstore verify` lists all damaged files.",
        ),
        (
            P::RecordingMissing,
            S::GONE,
            "Recording missing",
            "The recording's file is gone, though its call was not deleted. Restore the file from a backup; \
             `callstore verify` lists all missing files.",
        ),
        (
            P::TranscriptNotFound,
            S::NOT_FOUND,
            "Transcript not found",
            "No transcript has this id, or it or its call was deleted. `GET /calls/{call}/transcripts` lists a \
             call's transcripts.",
        ),
        (
            P::MetadataNotFound,
            S::NOT_FOUND,
            "Metadata not found",
            "The call has no metadata: none was set, or it was deleted. Set it with `PUT` or `PATCH`.",
        ),
        (
            P::NotComputed,
            S::NOT_FOUND,
            "Analytics not computed",
            "The call has no recording to compute analytics from, or one from before the service computed them: then \
             `callstore analyze` does.",
        ),
        (
            P::EventExpired,
            S::GONE,
            "Event expired",
            "Events are kept for 72 hours, and some may be missing after this id; or the store was restored from a backup \
             that is older. Read what you need anew with `GET /calls`, and follow without the id.",
        ),
        (
            P::WebhookNotFound,
            S::NOT_FOUND,
            "Webhook not found",
            "No webhook has this id, or it was deleted. `GET /webhooks` lists all webhooks.",
        ),
        (
            P::DeliveryNotFound,
            S::NOT_FOUND,
            "Delivery not found",
            "The webhook has no delivery with this id: it is older than 7 days, or its call was deleted. \
             `GET /webhooks/{id}/deliveries` lists them.",
        ),
        (
            P::WebhookDisabled,
            S::CONFLICT,
            "Webhook disabled",
            "Nothing is delivered to a disabled webhook. Enable it with `PATCH /webhooks/{id}` and `enabled: true`.",
        ),
        (
            P::TooManyWebhooks,
            S::CONFLICT,
            "Too many webhooks",
            "A service has 100 webhooks at most. Delete one, or give one endpoint several types of events.",
        ),
        (
            P::KeyNotFound,
            S::NOT_FOUND,
            "Key not found",
            "No key has this id. `GET /admin/keys` lists all keys, revoked ones included.",
        ),
        (
            P::CallNotAllowed,
            S::FORBIDDEN,
            "Call not allowed",
            "A key with `ownCallsOnly` writes only to calls that it started, and a call token only to its call. Use the \
             key that started the call, or one without `ownCallsOnly`.",
        ),
        (
            P::KeyNotRotatable,
            S::CONFLICT,
            "Key not rotatable",
            "The key was revoked or rotated, has expired, or comes from the admin key file; `detail` says which, and what \
             to do.",
        ),
        (
            P::LinkInvalid,
            S::FORBIDDEN,
            "Invalid link",
            "The link is not valid for this recording, or was changed. Use `expires` and `signature` unchanged, \
             or make a new link with `POST /recordings/{id}/links`.",
        ),
        (
            P::LinkExpired,
            S::FORBIDDEN,
            "Link expired",
            "The link's `expiresAt` has passed. Make a new link with `POST /recordings/{id}/links`; \
             `ttlSeconds` sets how long it works.",
        ),
        (
            P::CallEnded,
            S::CONFLICT,
            "Call ended",
            "An ended call accepts no audio. Transcripts, analytics and metadata can still be added. Start a \
             new call for more audio.",
        ),
        (
            P::AdminKeyRequired,
            S::CONFLICT,
            "Admin key required",
            "No admin key is usable. Once a key exists, every request needs one, and only an admin key can manage keys. \
             Make an admin key first, then keys of other scopes.",
        ),
        (
            P::LastAdminKey,
            S::CONFLICT,
            "Last admin key",
            "Without an admin key nobody can manage keys, delete calls or read the audit. Make another admin key first, \
             or revoke this one with `force=true` (`--force` on the command line). `callstore keys create --scope admin` \
             on the server makes a new one.",
        ),
        (
            P::CallNotFinalized,
            S::CONFLICT,
            "Call not finalized",
            "Analytics are computed with the recording. End the call, or retry once its `status` is `completed`.",
        ),
        (
            P::StreamSidConflict,
            S::CONFLICT,
            "streamSid conflict",
            "Another request has started a call with this streamSid; `detail` names the first field that \
             differs. Use a new streamSid. Repeating the first request unchanged returns the existing call.",
        ),
        (
            P::CallSidConflict,
            S::CONFLICT,
            "callSid conflict",
            "Another call has this callSid. A callSid belongs to one call. Use another one, or none.",
        ),
        (
            P::ChunkConflict,
            S::CONFLICT,
            "Chunk conflict",
            "The track already has a chunk with this sequence, and its audio or timestamp differs. Use the next \
             sequence. Repeating a chunk unchanged is acknowledged.",
        ),
        (
            P::AudioFormatMismatch,
            S::UNSUPPORTED_MEDIA_TYPE,
            "Audio format mismatch",
            "The chunk's format differs from the call's `audioFormat`. Send all chunks in the format that the \
             call was started with.",
        ),
        (
            P::RangeNotSatisfiable,
            S::RANGE_NOT_SATISFIABLE,
            "Range not satisfiable",
            "The range starts beyond the end of the recording. `Content-Range` has the recording's size.",
        ),
        (
            P::UnknownTranscriptFormat,
            S::UNPROCESSABLE_ENTITY,
            "Unknown transcript format",
            "The document is none that a known recognizer or voice platform writes; `detail` lists them. Send its \
             answer unchanged, or use `addTranscripts`.",
        ),
    ]
};
