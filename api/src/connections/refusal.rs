//! Responses sent before a request was parsed, which the application therefore cannot send.

use actix_web::{ResponseError, http::header, rt::net::TcpStream};
use bytes::Bytes;
use service::Ids;

use crate::{
    access::headers::{REQUEST_ID, secure},
    connections::connection::Connection,
    problem::{Problem, ProblemCode},
};

/// Formats a problem as a complete HTTP response that closes the connection.
pub(super) fn answer(problem: &Problem, ids: &dyn Ids) -> String {
    problem.code().count("unknown");
    let id = ids.next().hyphenated().to_string();
    let body = serde_json::to_string(&problem.details(&id)).unwrap_or_default();
    let mut response = problem.error_response();
    secure(response.headers_mut(), false);
    let mut text = format!("HTTP/1.1 {}\r\n", response.status());
    for (name, value) in response.headers() {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let length = body.len();
    text += &format!("{}: application/problem+json\r\n{}: {length}\r\n", header::CONTENT_TYPE, header::CONTENT_LENGTH);
    text + &format!("{}: close\r\n{REQUEST_ID}: {id}\r\n\r\n{body}", header::CONNECTION)
}

/// Refuses a connection for which there is no free slot.
pub(super) async fn refuse(io: TcpStream, ids: &dyn Ids) {
    let problem = Problem::of(ProblemCode::TooManyConnections).retry_after(1);
    let mut connection = Connection::new(io, Bytes::new());
    // The client may have hung up already.
    if connection.send(answer(&problem, ids).as_bytes()).await.is_ok() {
        connection.close().await;
    }
}
