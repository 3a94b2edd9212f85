//! Transcripts as WebVTT, SubRip, plain text or JSON: which one a request gets, and that other programs read them.

use serde_json::{Value, json};

use super::{PATH, add};
use crate::support::{Server, run_program};

const JSON: &str = "application/json";
const VTT: &str = "text/vtt; charset=utf-8";
const SRT: &str = "application/x-subrip; charset=utf-8";
const TXT: &str = "text/plain; charset=utf-8";

fn said(speaker: &str, text: &str, start: f64, end: f64) -> Value {
    json!({ "speaker": speaker, "text": text, "startTime": start, "endTime": end })
}

async fn get(server: &Server, format: &str) -> String {
    server.get(&format!("{PATH}?format={format}")).await.expect(200).text()
}

#[tokio::test]
async fn accept_chooses_the_format_and_a_parameter_wins_over_it() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    add(&server, json!([said("agent", "Hello.", 0.0, 1.0)])).await;
    for (accept, expected) in [
        ("", JSON),
        ("*/*", JSON),
        ("nonsense", JSON),
        ("application/json", JSON),
        ("application/*", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", JSON),
        ("application/json, text/vtt;q=0.9", JSON),
        ("*/*, text/vtt;q=0.5", JSON),
        ("text/*;q=0.5, application/json;q=0.6", JSON),
        ("text/vtt", VTT),
        ("TEXT/VTT; charset=utf-8", VTT),
        ("text/*", VTT),
        ("text/vtt, application/json", VTT),
        ("text/vtt, text/plain;q=0.9", VTT),
        ("application/json;q=0, */*;q=0.1", VTT),
        ("application/x-subrip", SRT),
        ("text/srt", SRT),
        ("image/png, application/srt;q=0.1", SRT),
        ("application/*, application/json;q=0", SRT),
        ("text/plain", TXT),
        ("text/*;q=0.5, text/plain", TXT),
        ("text/vtt;q=0, text/*", TXT),
    ] {
        let answer = server.get_with(PATH, "accept", accept).await.expect(200);
        assert_eq!(answer.header("content-type"), expected, "{accept}");
        assert!(answer.header("vary").to_lowercase().contains("accept"), "{accept}");
    }
    for (format, expected) in [("json", JSON), ("vtt", VTT), ("srt", SRT), ("txt", TXT)] {
        for accept in ["*/*", "image/png", "text/vtt", "application/json"] {
            let answer = server.get_with(&format!("{PATH}?format={format}"), "accept", accept).await.expect(200);
            assert_eq!(answer.header("content-type"), expected, "{format} {accept}");
        }
    }
    for accept in ["image/png", "text/html", "application/json;q=0", "*/*;q=0", "audio/*, text/html;q=0.3"] {
        let refused = server.get_with(PATH, "accept", accept).await.expect_problem(406, "not_acceptable").json();
        for kind in ["application/json", "text/vtt", "application/x-subrip", "text/plain", "format="] {
            assert!(refused["detail"].as_str().unwrap().contains(kind), "{accept}: {refused}");
        }
    }
    for format in ["", "VTT", "xml", "vtt,srt"] {
        let refused = server.get(&format!("{PATH}?format={format}")).await.expect_problem(422, "validation_failed");
        assert_eq!(refused.pointers(), ["/format"]);
        assert!(refused.text().contains("`json`, `vtt`, `srt` or `txt`"), "{}", refused.text());
    }
    let unknown = server.get("/calls/unknown/transcripts?format=srt").await;
    unknown.expect_problem(404, "call_not_found");
}

#[tokio::test]
async fn subrip_and_text_have_the_same_words_as_json() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let items = json!([
        said("caller", "Line 1\n\n\r\nline 2 --> 3", 12.34, 13.0),
        said("agent\nAda", "<b>1 < 2</b> {\\an8}", 3_725.001, 3_725.001),
        said("agent", "same millisecond", 40_000.000_1, 40_000.000_4),
        { "speaker": "a", "text": "no end", "startTime": 1.5 },
        { "speaker": "b", "text": "no time" },
    ]);
    add(&server, items).await;
    let joiner = '\u{2060}';
    let srt = format!(
        "1\n00:00:12,340 --> 00:00:13,000\ncaller: Line 1\nline 2 --{joiner}> 3\n\n\
        2\n01:02:05,001 --> 01:02:05,002\nagent Ada: <{joiner}b>1 < 2<{joiner}/b> {{{joiner}\\an8}}\n\n\
        3\n11:06:40,000 --> 11:06:40,001\nagent: same millisecond\n\n"
    );
    assert_eq!(get(&server, "srt").await, srt);
    let txt = "[00:00:01.500] a: no end\n\
        [00:00:12.340] caller: Line 1 line 2 --> 3\n\
        [01:02:05.001] agent Ada: <b>1 < 2</b> {\\an8}\n\
        [11:06:40.000] agent: same millisecond\n\
        b: no time\n";
    assert_eq!(get(&server, "txt").await, txt);
    let one = server.get(&format!("{PATH}?format=txt&speaker=b&limit=1")).await.expect(200).text();
    assert_eq!(one, "b: no time\n");
    server.start_call("MZ2").await;
    for (format, empty) in [("srt", ""), ("vtt", "WEBVTT\n"), ("txt", "")] {
        let answer = server.get(&format!("/calls/MZ2/transcripts?format={format}")).await.expect(200);
        assert_eq!(answer.text(), empty);
    }
}

/// The starts and lengths of the cues that ffprobe reads, in milliseconds.
async fn cues(server: &Server, format: &str) -> Vec<(u64, u64)> {
    let file = server.folder().join(format!("captions.{format}"));
    std::fs::write(&file, get(server, format).await).unwrap();
    let entries = ["-v", "error", "-show_entries", "packet=pts,duration", "-of", "csv=p=0", file.to_str().unwrap()];
    let printed = run_program("ffprobe", &entries).await;
    let numbers = |line: &str| -> Vec<u64> {
        line.split(',').filter(|cell| !cell.is_empty()).map(|cell| cell.trim().parse().unwrap()).collect()
    };
    printed.lines().map(numbers).map(|cells| (cells[0], cells[1])).collect()
}

#[tokio::test]
async fn another_program_reads_every_cue_and_each_lasts_a_millisecond_or_longer() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let texts = [
        "",
        "\n\n",
        "1\n00:00:01,000 --> 00:00:02,000\nx",
        "-->",
        "NOTE x",
        "<i>",
        "{\\an8}",
        "&lt;",
        " ",
        "é\u{2028}b",
    ];
    let items: Vec<_> = texts
        .iter()
        .enumerate()
        .flat_map(|(index, text)| {
            let text = format!("a{text}");
            let start = index as f64 * 10.0;
            [(0.0, 0.0), (1.0001, 1.0004), (2.0, 2.0009), (3.9996, 3.9999), (5.0, 6.5)]
                .map(|(from, to)| said("agent", &text, start + from, start + to))
        })
        .collect();
    add(&server, json!(items)).await;
    for format in ["srt", "vtt"] {
        let cues = cues(&server, format).await;
        assert_eq!(cues.len(), items.len(), "{format}: {cues:?}");
        for ((start, length), item) in cues.iter().zip(&items) {
            assert_eq!(*start, (item["startTime"].as_f64().unwrap() * 1e3).round() as u64, "{format}: {item}");
            assert!(*length >= 1, "{format}: {item}");
        }
    }
}

#[tokio::test]
async fn the_cues_of_a_long_call_are_numbered_through() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for batch in 0..3 {
        let said = |number: u32| {
            let number = batch * 500 + number;
            said("a", &format!("line {number}"), f64::from(number), f64::from(number) + 1.0)
        };
        add(&server, (0..500).map(said).collect()).await;
    }
    let srt = get(&server, "srt").await;
    let blocks: Vec<_> = srt.trim_end().split("\n\n").collect();
    assert_eq!(blocks.len(), 1_500);
    for (index, block) in blocks.iter().enumerate() {
        assert!(block.starts_with(&format!("{}\n", index + 1)) && block.ends_with(&format!("line {index}")), "{block}");
    }
    assert_eq!(get(&server, "txt").await.lines().count(), 1_500);
}
