//! The audit log on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::{Time, same_variants};

/// The type of caller: a client with an API key (`key`), a call token (`token`) or a link (`link`), a platform by its
/// signature (`twilio`, `plivo`, `vonage`, `genesys`), the command line (`command`), a client that needed no key
/// (`anyone`), or the service itself (`service`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Whoever sent an API key.
    Key,
    /// Whoever sent a call token. `keyId` is the key that made it.
    Token,
    /// Whoever had a link.
    Link,
    /// Twilio, by its signature.
    Twilio,
    /// Plivo, by its signature.
    Plivo,
    /// Vonage, by its signature.
    Vonage,
    /// Genesys, by its signature.
    Genesys,
    /// Whoever uses the service's command line.
    Command,
    /// Anyone: no key was asked for.
    Anyone,
    /// The service itself.
    Service,
}

same_variants!(Actor, service::Actor, [Key, Token, Link, Twilio, Plivo, Vonage, Genesys, Command, Anyone, Service]);

/// An audited request or command.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEntry {
    /// The entry's id, a UUIDv7.
    pub id: Uuid,
    /// When the service responded.
    pub created_at: Time,
    /// The type of caller.
    pub actor: Actor,
    /// The id of the API key, if there was one.
    #[schema(required)]
    pub key_id: Option<Uuid>,
    /// The address of the client, or of the proxy before it. Null for the command line.
    #[schema(required)]
    pub address: Option<String>,
    /// The request's `X-Forwarded-For` header. It is only as trustworthy as the proxy.
    #[schema(required)]
    pub forwarded_for: Option<String>,
    /// The operationId; `stream` and `twilioStream` for streams of audio.
    pub operation: String,
    /// The path of the request, or of the resource that it created.
    pub resource: String,
    /// The status of the response. Null for the command line, whose failures are not audited, and for AudioSocket.
    #[schema(required, minimum = 100, maximum = 599)]
    pub status: Option<u16>,
    /// How many requests the entry stands for. Repeated refusals are counted per minute and caller, with the fields of
    /// the last one.
    #[schema(minimum = 1)]
    pub count: u32,
    /// The request's id, as in `X-Request-Id` and in the log. Null where `status` is.
    #[schema(required)]
    pub request_id: Option<String>,
    /// The service's own id of the request, also in the log. Unlike `requestId`, clients cannot repeat it.
    #[schema(required)]
    pub server_request_id: Option<Uuid>,
}

impl From<service::AuditEntry> for AuditEntry {
    fn from(entry: service::AuditEntry) -> Self {
        Self {
            id: entry.id,
            created_at: Time(entry.created_at),
            actor: entry.actor.into(),
            key_id: entry.key_id,
            address: entry.address,
            forwarded_for: entry.forwarded_for,
            operation: entry.operation,
            resource: entry.resource,
            status: entry.status,
            count: entry.count,
            request_id: entry.request_id,
            server_request_id: entry.server_request_id,
        }
    }
}

impl AuditEntry {
    pub(crate) fn sample() -> Self {
        Self {
            id: Uuid::from_u128(0x0190_5f3d_1f2e_7a3b_8c4d_5e6f_7a8b_9cad),
            created_at: Time::sample_after(60),
            actor: Actor::Key,
            key_id: Some(Uuid::from_u128(0x0190_5f3c_0f1e_7d2c_9b3a_4958_6776_8594)),
            address: Some("192.0.2.7".to_owned()),
            forwarded_for: None,
            operation: "downloadRecording".to_owned(),
            resource: "/recordings/01905f3c-a4f1-7d22-8e5f-6b7c8d9e0f10/audio".to_owned(),
            status: Some(200),
            count: 1,
            request_id: Some("01905f3d-1f2e-7a3b-8c4d-5e6f7a8b9cae".to_owned()),
            server_request_id: Some(Uuid::from_u128(0x0190_5f3d_1f2e_7a3b_8c4d_5e6f_7a8b_9cae)),
        }
    }
}
