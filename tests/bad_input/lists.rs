//! Lists: pages, filters and sorts.

use super::{Case, get};

pub(super) fn cases() -> Vec<Case> {
    let refused = [
        ("limit=-1", "/limit"),
        ("limit=0", "/limit"),
        ("limit=", "/limit"),
        ("limit=ten", "/limit"),
        ("limit=1.5", "/limit"),
        ("limit=%2B5", "/limit"),
        ("offset=-1", "/offset"),
        ("offset=100001", "/offset"),
        ("offset=99999999999999999999", "/offset"),
        ("sort=x;drop", "/sort"),
        ("sort=startTime,duration", "/sort"),
        ("sort=", "/sort"),
        ("status=done", "/status"),
        ("direction=sideways", "/direction"),
        ("startedAfter=yesterday", "/startedAfter"),
        ("startedBefore=1969-01-01T00:00:00Z", "/startedBefore"),
        ("minDuration=-1", "/minDuration"),
        ("maxDuration=long", "/maxDuration"),
        ("minDuration=NaN", "/minDuration"),
        ("maxDuration=inf", "/maxDuration"),
        ("total=1", "/total"),
        ("caller=a%00b", "/caller"),
        ("agent=%00", "/agent"),
        ("caller=%FF", ""),
        ("page=2", "/page"),
        ("stream_sid=live", "/stream_sid"),
    ];
    let mut cases: Vec<_> =
        refused.map(|(query, pointer)| get(format!("/calls?{query}")).invalid(pointer)).into_iter().collect();
    cases.extend([
        get("/calls?limit=0").invalid("/limit").saying("from 1 to 500"),
        get("/calls/live/transcripts?limit=x").invalid("/limit").saying("from 1 to 500"),
        get("/calls?limit=5&limit=6").is(422, "validation_failed"),
        get("/calls?%00=1").is(422, "validation_failed"),
        get("/calls?cursor=").is(400, "invalid_cursor"),
        get("/calls?cursor=AAAA").is(400, "invalid_cursor"),
        get("/calls?cursor=%27%3B--").is(400, "invalid_cursor"),
        get("/calls?cursor=AQEAAAGbfYpiDgGQXzwrenwRnU5aa3yNng9Zt8NcB0Gk8T1bX3k").is(400, "invalid_cursor"),
    ]);
    for list in ["transcripts", "analytics", "events"] {
        cases.extend([
            get(format!("/calls/live/{list}?limit=0")).invalid("/limit"),
            get(format!("/calls/live/{list}?offset=-1")).invalid("/offset"),
            get(format!("/calls/live/{list}?cursor=AAAA")).invalid("/cursor"),
            get(format!("/calls/unknown/{list}")).is(404, "call_not_found"),
            get(format!("/calls/live/{list}?limit=99999999999999999999&offset=99999999999999999999")).accepted(),
        ]);
    }
    cases.extend([
        get("/calls/unknown/recordings").is(404, "call_not_found"),
        get("/calls/live/transcripts?speaker=%00").invalid("/speaker"),
        get("/calls?limit=1").accepted(),
        get("/calls?limit=99999999999999999999").accepted(),
        get("/calls?offset=100000").accepted(),
        get("/calls?caller=%27%20OR%201%3D1--").accepted(),
    ]);
    cases
}
