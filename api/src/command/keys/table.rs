//! The table of keys that `callstore keys list` prints.

use std::io::{self, Write};

use service::Timestamp;

use crate::{keys::model::ApiKey, wire::Time};

/// Prints the keys; `now` tells which have expired.
pub(super) fn print(keys: &[ApiKey], now: Timestamp) -> io::Result<()> {
    let mut lines = io::stdout().lock();
    let time = |time: Option<Time>| time.map_or_else(|| "never".to_owned(), |time| time.to_string());
    writeln!(
        lines,
        "{:36}  {:6}  {:8}  {:24}  {:24}  {:24}  {:5}  {:18}  LABEL",
        "ID", "SCOPE", "STATE", "CREATED", "EXPIRES", "LAST USED", "CALLS", "NETWORKS"
    )?;
    for key in keys {
        let state = match (key.revoked_at, key.expires_at, key.replaced_by) {
            (Some(_), _, _) => "revoked",
            (None, Some(Time(end)), _) if end <= now => "expired",
            (None, _, Some(_)) => "replaced",
            (None, _, None) => "usable",
        };
        let (expires, used, created) = (time(key.expires_at), time(key.last_used_at), key.created_at.to_string());
        let calls = if key.own_calls_only { "own" } else { "all" };
        let networks = key.allowed_networks.as_ref().map_or_else(|| "all".to_owned(), |networks| networks.join(","));
        // A terminal must not take a label for a command.
        let label = key.label.as_deref().unwrap_or_default().replace(char::is_control, "?");
        let (id, scope) = (key.id, key.scope.name());
        writeln!(
            lines,
            "{id}  {scope:6}  {state:8}  {created:24}  {expires:24}  {used:24}  {calls:5}  {networks:18}  {label}"
        )?;
    }
    Ok(())
}
