//! Entries of the audit trail, as they are given, stored and returned.

use std::fmt::Write;

use entity::audit_entry::{Entity, Model};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};
use uuid::Uuid;

pub use entity::audit_entry::Actor;

use crate::{Clock, Ids, Timestamp};

/// Longest stored `forwarded_for` and `resource`, in characters; the rest is cut off.
const FORWARDED_MAX: usize = 256;
const RESOURCE_MAX: usize = 512;

/// An entry of the audit trail: a request or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// UUIDv7, in order of creation.
    pub id: Uuid,
    /// When the request was answered.
    pub created_at: Timestamp,
    /// Type of caller.
    pub actor: Actor,
    /// The key's id, if the caller used a key.
    pub key_id: Option<Uuid>,
    /// Address of the peer; `None` for a command.
    pub address: Option<String>,
    /// The client's address as a proxy forwarded it, if any. It can be forged.
    pub forwarded_for: Option<String>,
    /// What was requested: an operationId.
    pub operation: String,
    /// The path of the request, or of the resource it created.
    pub resource: String,
    /// Status of the response; `None` for a command.
    pub status: Option<u16>,
    /// How many requests the entry stands for; the other fields are those of the last of them.
    pub count: u32,
    /// The request's id, which clients choose and may repeat; `None` for a command.
    pub request_id: Option<String>,
    /// The service's own id of the request, which is unique; `None` for a command.
    pub server_request_id: Option<Uuid>,
}

impl From<Model> for AuditEntry {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            actor: row.actor,
            key_id: row.key_id,
            address: row.address,
            forwarded_for: row.forwarded_for,
            operation: row.operation,
            resource: row.resource,
            status: u16::try_from(row.status).ok().filter(|status| *status > 0),
            count: u32::try_from(row.count).unwrap_or(1),
            request_id: row.request_id,
            server_request_id: row.server_request_id,
        }
    }
}

/// A new entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Type of caller.
    pub actor: Actor,
    /// The key's id, if the caller used a key.
    pub key_id: Option<Uuid>,
    /// Address of the peer.
    pub address: Option<String>,
    /// The client's address as a proxy forwarded it; it can be forged.
    pub forwarded_for: Option<String>,
    /// What was requested: an operationId.
    pub operation: String,
    /// The path of the resource.
    pub resource: String,
    /// Status of the response.
    pub status: u16,
    /// How many requests the entry stands for.
    pub count: u32,
    /// The request's id, as the client sees it.
    pub request_id: Option<String>,
    /// The service's own id of the request.
    pub server_request_id: Option<Uuid>,
}

impl NewAuditEntry {
    /// The entry's row.
    pub(crate) fn into_row(self, id: Uuid, now: Timestamp) -> Model {
        let cut = |text: String, most: usize| visible(&text).chars().take(most).collect();
        Model {
            id,
            created_at: now,
            actor: self.actor,
            key_id: self.key_id,
            address: self.address,
            forwarded_for: self.forwarded_for.map(|text| cut(text, FORWARDED_MAX)),
            operation: self.operation,
            resource: cut(self.resource, RESOURCE_MAX),
            status: i16::try_from(self.status).unwrap_or_default(),
            count: i32::try_from(self.count).unwrap_or(i32::MAX),
            request_id: self.request_id,
            server_request_id: self.server_request_id,
        }
    }
}

/// Adds the entry of a command, in the command's own transaction.
pub(crate) async fn enter_command(
    transaction: &impl ConnectionTrait,
    operation: &str,
    resource: String,
    clock: &dyn Clock,
    ids: &dyn Ids,
) -> Result<(), DbErr> {
    enter_own(transaction, Actor::Command, operation, resource, ids.next(), clock.now()).await
}

/// Adds the entry of something that no request has asked for, in the transaction of its effect.
pub(super) async fn enter_own(
    transaction: &impl ConnectionTrait,
    actor: Actor,
    operation: &str,
    resource: String,
    id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    let new = NewAuditEntry {
        actor,
        key_id: None,
        address: None,
        forwarded_for: None,
        operation: operation.to_owned(),
        resource,
        status: 0,
        count: 1,
        request_id: None,
        server_request_id: None,
    };
    Entity::insert(new.into_row(id, now).into_active_model().reset_all())
        .exec_without_returning(transaction)
        .await
        .map(drop)
}

/// The text with everything that could steer a terminal or reorder a line as percent escapes: control characters, line
/// separators, and marks that change the direction of writing. A path may hold them, since its escapes are decoded.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(shown, "%{byte:02X}");
            }
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(visible("/calls/MZ\u{1b}[2J\r\n\0\u{9b}x"), "/calls/MZ%1B[2J%0D%0A%00%C2%9Bx");
        assert_eq!(visible("/calls/\u{202e}ab\u{2028}"), "/calls/%E2%80%AEab%E2%80%A8");
        assert_eq!(visible("/calls/M\u{fc}ller \u{1f600}"), "/calls/M\u{fc}ller \u{1f600}");
    }
}
