//! Rate limits of clients.

use std::time::Duration;

use serde_json::json;

use crate::{
    document::operations,
    statuses::check,
    support::{ADMIN_KEY, Answer, Binary, Server, client_builder, eventually},
};

#[tokio::test]
async fn every_operation_is_refused_beyond_the_rate_as_documented() {
    let server = Server::start_with(&["--rate-limit", "1"]).await;
    for operation in operations() {
        let path = operation.path_to("MZ1", "00000000-0000-7000-8000-000000000000");
        let refused = eventually("the rate is exceeded", || async {
            let answer = Answer::read(server.request(operation.method.clone(), &path).send().await.unwrap()).await;
            (answer.status == 429).then_some(answer)
        })
        .await
        .expect_problem(429, "rate_limited");
        check(operation.id(), &refused, &operation.value["responses"]["429"]);
        assert_eq!(refused.header("ratelimit-policy"), "\"default\";q=2;w=2");
        assert!(refused.header("ratelimit").starts_with("\"default\";r=0;t="), "{}", refused.header("ratelimit"));
    }
    // Refused requests are not charged, so waiting is enough.
    let again = eventually("there are requests again", || async {
        let answer = server.get("/livez").await;
        (answer.status == 200).then_some(answer)
    });
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
}

#[tokio::test]
async fn a_key_has_a_rate_of_its_own_and_keys_that_are_not_taken_are_the_address_s() {
    let folder = tempfile::TempDir::new().unwrap();
    crate::support::write_secret(folder.path().join("key"), ADMIN_KEY);
    let mut command = Binary::command(folder.path());
    // More requests than are refilled while this runs.
    command.args(["--admin-key-file", "key", "--rate-limit", "1000000"]);
    let service = Binary::start(command).await;
    let client = client_builder().build().unwrap();
    let ask = async |key: &str| {
        let request = client.get(service.url("/calls")).bearer_auth(key);
        Answer::read(request.send().await.unwrap()).await
    };
    let first = ask(ADMIN_KEY).await.expect(200);
    assert_eq!(first.header("ratelimit"), "\"default\";r=1999999;t=1");
    assert_eq!(first.header("ratelimit-policy"), "\"default\";q=2000000;w=2");
    let refused = eventually("too many keys were tried", || async {
        let answers: Vec<_> = (0..10).map(|number| ask_wrong(&client, &service, number)).collect();
        let answers = futures_util::future::join_all(answers).await;
        answers.into_iter().find(|answer| answer.status != 401)
    })
    .await;
    refused.expect_problem(429, "rate_limited");
    let kept = ask(ADMIN_KEY).await.expect(200);
    assert!(kept.header("ratelimit").starts_with("\"default\";r=19999"), "{}", kept.header("ratelimit"));
}

async fn ask_wrong(client: &reqwest::Client, service: &Binary, number: u32) -> Answer {
    let request = client.get(service.url("/calls")).bearer_auth(format!("nobody-s-{number}"));
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn clients_of_this_machine_are_not_limited_unless_the_setting_says_so() {
    for arguments in [&[][..], &["--rate-limit", "0"]] {
        let server = Server::start_with(arguments).await;
        let answer = server.post("/calls", &json!({ "streamSid": "MZ1", "caller": "a" })).await.expect(201);
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
    }
}
