//! Short request helpers of the server in this process.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{Answer, Server};

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends raw bytes.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        Answer::of_bytes(&self.address.to_string(), request).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        Answer::read(self.request(method, path).json(body).send().await.unwrap()).await
    }

    /// Sends bytes with a content type.
    pub(crate) async fn post_bytes(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", content_type).body(body);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Sends a request with an extra header.
    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).header(name, value).send().await.unwrap()).await
    }

    /// Makes a recording of 20 ms and returns its id.
    pub(crate) async fn record(&self, stream_sid: &str) -> String {
        self.start_call(stream_sid).await;
        let call = format!("/calls/{stream_sid}");
        self.post(&format!("{call}/chunks"), &super::chunk("inbound", 0, 0)).await.expect(201);
        let ended = self.post(&format!("{call}/end"), &serde_json::json!({})).await.expect(200).json();
        ended["recordings"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Starts a call and returns its id.
    pub(crate) async fn start_call(&self, stream_sid: &str) -> String {
        let call = self.post("/calls", &super::call(stream_sid)).await.expect(201).json();
        call["id"].as_str().unwrap().to_owned()
    }
}
