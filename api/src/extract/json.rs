//! JSON bodies: parsing, typing and validation.

use std::{borrow::Cow, future::Future, pin::Pin, sync::LazyLock};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use memchr::memmem::Finder;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, error::Category};
use serde_path_to_error::{Path, Segment};
use service::FieldError;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::{body::Body, malformed::malformed, repair::repaired, wording::sentence};
use crate::{limits::BODY_MAX_BYTES, problem::Problem, wire::Object};

/// The type of a JSON body.
pub(crate) trait JsonBody: DeserializeOwned + Validate + 'static {
    /// The largest accepted body, in bytes.
    const MAX_BYTES: usize = BODY_MAX_BYTES;
    /// The accepted content types.
    const TYPES: &'static [&'static str] = &["application/json"];
}

/// A required body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub T);

/// An optional body. An empty one yields the default value.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub T);

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: JsonBody> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = Body::read(&request, &mut payload, T::MAX_BYTES).await?;
            body.expect(T::TYPES)?;
            from_json(&body.bytes).map(Self)
        })
    }
}

impl<T: JsonBody + Default> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = Body::read(&request, &mut payload, T::MAX_BYTES).await?;
            if body.bytes.is_empty() {
                return Ok(Self(T::default()));
            }
            body.expect(T::TYPES)?;
            from_json(&body.bytes).map(Self)
        })
    }
}

/// Parses and validates a value.
pub(crate) fn from_json<T: JsonBody>(bytes: &[u8]) -> Result<T, Problem> {
    let mut bytes = Cow::Borrowed(bytes);
    let mut read: Result<Object<T>, _> = serde_json::from_slice(&bytes);
    if read.is_err()
        && let Some(repaired) = repaired(&bytes)
    {
        bytes = Cow::Owned(repaired);
        read = serde_json::from_slice(&bytes);
    }
    let Object(value) = read.map_err(|error| explain::<T>(&bytes, &error))?;
    refuse_nul(&bytes)?;
    value.validate().map_err(|errors| Problem::invalid(field_errors("", &errors)))?;
    Ok(value)
}

/// Parses a rejected body again to find where the error is. Tracking the path for every body would cost too much.
fn explain<T: JsonBody>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, Object<T>>(&mut parser) {
        Ok(_) => malformed(bytes, error),
        Err(error) => {
            let path = error.path().clone();
            problem::<T>(bytes, &error.into_inner(), &path)
        }
    }
}

fn problem<T: JsonBody>(bytes: &[u8], error: &serde_json::Error, path: &Path) -> Problem {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    // The body is valid JSON that exceeds what the parser can represent.
    let beyond = ["number out of range", "recursion limit exceeded"].contains(&message);
    // The parser's message for an array in place of an enum's name.
    let unnamed = message == "expected value" && serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    let named = unnamed.then(|| names::<T>(bytes, &pointer(path))).flatten();
    let message = named.as_deref().unwrap_or(message);
    match error.classify() {
        // A field can hide what the parser found with its own message.
        Category::Data => {
            if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
                return malformed(bytes, &error);
            }
        }
        Category::Syntax if beyond || unnamed => {}
        Category::Syntax | Category::Eof | Category::Io => return malformed(bytes, error),
    }
    let mut pointer = pointer(path);
    for kind in ["unknown field `", "missing field `", "duplicate field `"] {
        if let Some((field, _)) = message.strip_prefix(kind).and_then(|rest| rest.split_once('`')) {
            let named = format!("/{}", escape(field));
            if !pointer.ends_with(&named) {
                pointer += &named;
            }
        }
    }
    Problem::invalid_field(pointer, sentence(message))
}

/// What the parser says of an unknown name in place of the value at `pointer`: unlike its message about a value that is
/// no name, it lists the names.
fn names<T: JsonBody>(bytes: &[u8], pointer: &str) -> Option<String> {
    let mut body: Value = serde_json::from_slice(bytes).ok()?;
    *body.pointer_mut(pointer)? = Value::String(String::new());
    serde_json::from_value::<Object<T>>(body).err().map(|error| error.to_string())
}

fn pointer(path: &Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escape(key)),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    segments.collect()
}

/// Escapes a name for a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Rejects NUL, which PostgreSQL cannot store. In JSON it is always escaped, so most bodies need no second parse.
fn refuse_nul(bytes: &[u8]) -> Result<(), Problem> {
    static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br"\u0000"));
    if ESCAPE.find(bytes).is_none() {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| malformed(bytes, &error))?;
    match find_nul(&value) {
        Some(pointer) => Err(Problem::invalid_field(pointer, "The character NUL (U+0000) is not allowed.")),
        None => Ok(()),
    }
}

pub(crate) fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| find_nul(item).map(|rest| format!("/{index}{rest}")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let found = if name.contains('\0') { Some(String::new()) } else { find_nul(field) };
            found.map(|rest| format!("/{}{rest}", escape(name)))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Converts validation errors to pointers and sentences. The sentences do not repeat the values.
pub(super) fn field_errors(prefix: &str, errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    for (field, kind) in errors.errors() {
        let pointer = format!("{prefix}/{}", camel_case(field));
        match kind {
            ValidationErrorsKind::Struct(inner) => found.extend(field_errors(&pointer, inner)),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    found.extend(field_errors(&format!("{pointer}/{index}"), inner));
                }
            }
            ValidationErrorsKind::Field(errors) => found.extend(errors.iter().map(|error| FieldError {
                // A rule about several fields puts the field to change into its code.
                pointer: if field == "__all__" { format!("{prefix}/{}", error.code) } else { pointer.clone() },
                detail: detail(error),
            })),
        }
    }
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found
}

fn detail(error: &ValidationError) -> String {
    if let Some(message) = &error.message {
        return message.to_string();
    }
    // A limit that is a whole number is a float where the field is one.
    let limit = |name: &str| error.params.get(name).map(|limit| limit.to_string().trim_end_matches(".0").to_owned());
    let unit = if error.code == "length" { " characters long" } else { "" };
    match (limit("min"), limit("max")) {
        (Some(min), Some(max)) => format!("Must be {min} to {max}{unit}."),
        (Some(min), None) => format!("Must be at least {min}{unit}."),
        (None, Some(max)) => format!("Must be at most {max}{unit}."),
        (None, None) => "Not allowed.".to_owned(),
    }
}

fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |camel, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        camel + &head.to_uppercase() + tail
    })
}
