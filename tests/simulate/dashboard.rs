//! `simulate --dashboard` fills a new service with calls that look real.

use serde_json::Value;

use super::{client_builder, service, simulate};

#[tokio::test]
async fn an_empty_service_is_filled_with_calls_that_look_real() {
    let (_folder, service) = service().await;
    let run = simulate(&service.url(""), "--dashboard --duration 3s").await;
    assert_eq!((run.code, run.printed.as_str()), (Some(0), ""), "{}", run.errors);
    let client = client_builder().build().unwrap();
    let get = async |path: &str| {
        client.get(service.url(path)).send().await.unwrap().error_for_status().unwrap().json::<Value>().await.unwrap()
    };
    let calls = get("/calls?limit=100&include=recordings,metadata,computed,analytics").await;
    let calls = calls["items"].as_array().unwrap();
    assert_eq!(calls.len(), 25);
    let kinds = |of: &dyn Fn(&Value) -> Value| {
        let mut kinds: Vec<_> = calls.iter().map(|call| of(call).to_string()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.len()
    };
    assert!(calls.iter().all(|call| call["status"] == "completed"));
    assert_eq!(kinds(&|call| call["metadata"]["language"].clone()), 5);
    assert_eq!(kinds(&|call| call["direction"].clone()), 2);
    assert!(kinds(&|call| call["agent"].clone()) >= 4 && kinds(&|call| call["caller"].clone()) == 25);
    // They lie in five days.
    assert!(kinds(&|call| call["startTime"].as_str().unwrap()[..10].into()) >= 5);
    assert_eq!(calls.iter().filter(|call| call["recordings"][0].is_null()).count(), 1);
    let gaps = calls.iter().filter(|call| call["recordings"][0]["gaps"].as_array().is_some_and(|gaps| gaps.len() > 1));
    assert_eq!(gaps.count(), 1);
    for call in calls.iter().filter(|call| !call["recordings"][0].is_null()) {
        let length = call["recordings"][0]["duration"].as_f64().unwrap();
        let talk = call["computed"]["talkTime"].as_f64().unwrap();
        if call["endTime"].as_str() < calls[0]["endTime"].as_str() {
            assert!(length > 15.0 && talk > 0.3 * length, "{talk} of {length} s");
        }
    }
}

#[tokio::test]
async fn what_is_said_is_heard_where_its_words_are() {
    let (_folder, service) = service().await;
    assert_eq!(simulate(&service.url(""), "--dashboard --duration 1s").await.code, Some(0));
    let client = client_builder().build().unwrap();
    let get = async |path: String| client.get(service.url(&path)).send().await.unwrap().json::<Value>().await.unwrap();
    let found = get("/search?q=tracking+number&limit=1".to_owned()).await;
    let call = found["items"][0]["call"]["id"].as_str().unwrap();
    let said = get(format!("/calls/{call}/transcripts")).await;
    let speech = get(format!("/calls/{call}/speech")).await;
    for said in said["items"].as_array().unwrap() {
        let words = said["words"].as_array().unwrap();
        let (first, last) =
            (words[0]["startTime"].as_f64().unwrap(), words[words.len() - 1]["endTime"].as_f64().unwrap());
        assert_eq!((Some(first), Some(last)), (said["startTime"].as_f64(), said["endTime"].as_f64()));
        let heard = speech["tracks"].as_array().unwrap().iter().find(|track| track["track"] == said["track"]).unwrap();
        let meets = |segment: &Value| {
            let (start, end) = (segment[0].as_f64().unwrap(), segment[1].as_f64().unwrap());
            start < last && end > first
        };
        assert!(heard["segments"].as_array().unwrap().iter().any(meets), "{said}");
    }
}
