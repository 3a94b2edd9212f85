//! Parsers of settings whose values people often get wrong. Each error says what is wrong and what is allowed; clap
//! puts the option and the value before it.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytesize::ByteSize;
use service::limits::TIMESTAMP_MAX_MS;
use uuid::Uuid;

const PORT: &str = "8080";

/// Parses the address to listen on.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let like = |port: &str| format!("--listen takes an address and a port, such as 127.0.0.1:{port}");
    if let Some(port) = port_alone(text) {
        return Err(format!("this is a port alone; {}", like(port)));
    }
    if text.parse::<IpAddr>().is_ok() {
        return Err(format!("the port is missing; {}", like(PORT)));
    }
    match text.rsplit_once(':') {
        Some((_, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let fits = port.parse::<u16>().is_ok();
            let wrong = if fits { "the address is not an IP address" } else { "the port is above 65535" };
            Err(format!("{wrong}; {}", like(if fits { port } else { PORT })))
        }
        _ => Err(format!("this is not an address and a port; {}", like(PORT))),
    }
}

/// Rejects `--port`, which other programs have, and names the option to use instead.
pub(crate) fn no_port(text: &str) -> Result<Infallible, String> {
    let port = port_alone(text).unwrap_or(PORT);
    Err(format!("there is no option --port; --listen takes an address and a port, such as 127.0.0.1:{port}"))
}

/// Rejects `--host`, which other programs have, and names the option to use instead.
pub(crate) fn no_host(text: &str) -> Result<Infallible, String> {
    let address = text.parse().unwrap_or_else(|_| IpAddr::from([127, 0, 0, 1]));
    let address = SocketAddr::new(address, 8080);
    Err(format!("there is no option --host; --listen takes an address and a port, such as {address}"))
}

/// The port in `9000` or `:9000`.
fn port_alone(text: &str) -> Option<&str> {
    let port = text.strip_prefix(':').unwrap_or(text);
    port.parse::<u16>().is_ok().then_some(port)
}

/// Parses a size in bytes.
pub(crate) fn size(text: &str) -> Result<ByteSize, &'static str> {
    text.parse().map_err(|_| "this is not a size; write a number and its unit, such as 256MiB or 5GB, or only bytes")
}

/// Parses a duration of at least a second.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("the unit is missing; write {text}s, {text}m or {text}h"));
    }
    let duration = humantime::parse_duration(text)
        .map_err(|_| "this is not a duration; write a number and its unit, such as 90s, 5m or 12h")?;
    if duration < Duration::from_secs(1) {
        return Err("this is too short; the least is 1s".to_owned());
    }
    Ok(duration)
}

/// Parses the age at which calls end.
pub(crate) fn call_duration(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration > Duration::from_millis(TIMESTAMP_MAX_MS.into()) {
        return Err("this is too long; the most is 12h, because timestamps of chunks end there".to_owned());
    }
    Ok(duration)
}

/// Parses how often recordings are checked.
pub(crate) fn scrub_interval(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    duration(text).map_err(|error| format!("{error}; 0 turns it off"))
}

/// Parses the id of a key.
pub(crate) fn key_id(text: &str) -> Result<Uuid, &'static str> {
    text.parse().map_err(|_| {
        if text.starts_with("cs_") {
            "this is the key itself; write its id, which `callstore keys list` shows"
        } else {
            "this is not the id of a key; `callstore keys list` shows the ids"
        }
    })
}
