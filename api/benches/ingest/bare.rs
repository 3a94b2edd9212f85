//! The minimum that any handler must do: parse the JSON, decode the base64, respond. Nothing is stored.

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};
use service::audio::decode_base64;

#[derive(Deserialize)]
struct Chunk {
    audio: String,
    track: String,
    sequence: u32,
    #[expect(dead_code, reason = "it is read, as all of the JSON is")]
    timestamp: u32,
}

#[derive(Serialize)]
struct Stored {
    track: String,
    sequence: u32,
    bytes: usize,
    duration: f64,
    duplicate: bool,
}

async fn add(_call: web::Path<String>, chunk: web::Json<Chunk>) -> HttpResponse {
    let web::Json(Chunk { audio, track, sequence, .. }) = chunk;
    let bytes = decode_base64(&audio).unwrap().len();
    HttpResponse::Created().json(Stored { track, sequence, bytes, duration: bytes as f64 / 8e3, duplicate: false })
}

/// Serves until the process is killed.
pub(crate) fn serve() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| {
            let start = async |_call: web::Json<serde_json::Value>| HttpResponse::Created().finish();
            App::new().route("/calls", web::post().to(start)).route("/calls/{call}/chunks", web::post().to(add))
        });
        let server = server.bind("127.0.0.1:0").unwrap();
        eprintln!("{{\"address\": \"{}\"}}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}
