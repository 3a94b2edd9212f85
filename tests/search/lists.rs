//! `q` of `listCalls`: the calls in which search finds something.

use serde_json::Value;

use super::call_with;
use crate::support::Server;

fn sids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|call| call["streamSid"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_has_the_calls_in_which_search_finds_something() {
    let server = Server::start().await;
    for number in 0..6 {
        let said = if number % 2 == 0 { ["a refund", "my refund"] } else { ["a credit", "none"] };
        call_with(&server, &format!("MZ{number}"), number, &said).await;
    }
    for (query, found) in [
        ("?q=refund", vec!["MZ4", "MZ2", "MZ0"]),
        ("?q=refund&sort=startTime", vec!["MZ0", "MZ2", "MZ4"]),
        ("?q=refund&sort=duration", vec!["MZ0", "MZ2", "MZ4"]),
        ("?q=refund&offset=1&limit=1", vec!["MZ2"]),
        ("?q=refund&agent=agent-MZ2", vec!["MZ2"]),
        ("?q=refund&agent=agent-MZ2&agent=agent-MZ1&agent=agent-MZ0", vec!["MZ2", "MZ0"]),
        ("?q=refund%20credit", vec![]),
        ("?q=a%20-credit", vec!["MZ4", "MZ2", "MZ0"]),
        ("?q=-a", vec![]),
    ] {
        assert_eq!(sids(&server.get(&format!("/calls{query}")).await.expect(200).json()), found, "{query}");
    }
    let first = server.get("/calls?q=refund&limit=2&total=true").await.expect(200).json();
    assert_eq!((sids(&first), &first["page"]["total"]), (vec!["MZ4", "MZ2"], &3.into()));
    let cursor = first["page"]["nextCursor"].as_str().unwrap();
    let second = server.get(&format!("/calls?q=refund&limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!(sids(&second), ["MZ0"]);
    for other in ["", "q=credit&", "q=refund%20a&"] {
        let other = format!("/calls?{other}limit=2&cursor={cursor}");
        server.get(&other).await.expect_problem(400, "invalid_cursor");
    }
    for refused in ["?q=", &format!("?q={}", "a".repeat(501))] {
        server.get(&format!("/calls{refused}")).await.expect_problem(422, "validation_failed");
    }
}
