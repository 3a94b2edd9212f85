//! Measures finalizing a call of two tracks with 20 ms chunks, from the end of the call to the recording in its store:
//! time and memory. Run `cargo bench -p service --bench finalize [-- HOURS [URL]]`. URL names an object store,
//! configured by the environment. Prefix it with `taskset -c 0` to use one core.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]

use std::{
    ffi::OsString,
    fs::{self, File},
    hint::black_box,
    io::{BufReader, Read},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use migration::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;
use service::{
    AudioFormat, CallRef, Callstore, Database, NewCall, Policy, Store, StoreUrl, SystemClock, SystemIds, Timestamp,
    audio::{
        Encoding,
        speech::{Algorithm, Detector},
        wav,
    },
};

fn main() {
    let hours: u32 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1);
    let url: Option<StoreUrl> = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..3 {
            measure(hours, url.as_ref()).await;
        }
    });
}

/// Finalizes one such call in a temporary folder.
async fn measure(hours: u32, url: Option<&StoreUrl>) {
    let folder = tempfile::tempdir().unwrap();
    let callstore = open(folder.path(), url).await;
    let call = NewCall {
        stream_sid: Some("MZ1".to_owned()),
        caller: Some("bench".into()),
        call_sid: None,
        agent: None,
        direction: None,
        start_time: Some(Timestamp(1_700_000_000_000)),
        audio_format: Some(AudioFormat { encoding: Encoding::Mulaw, sample_rate_hz: 8000 }),
    };
    callstore.calls.start(call, service::Author::default(), None).await.unwrap();
    seed(folder.path(), hours).await;

    let name = CallRef::parse("MZ1").unwrap();
    // The memory peak is measured from here.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let idle_kib = status_kib("VmRSS");
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let ended = callstore.calls.end(&name, None, Duration::from_secs(3600), None).await.unwrap().0;
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let peak_kib = status_kib("VmHWM");

    let recording = callstore.recordings.list(&name).await.unwrap().remove(0).recording;
    assert_eq!(ended.id, recording.call_id);
    let expected = wav::file_len(2, u64::from(hours) * 3600 * 16_000);
    assert_eq!(recording.size_bytes, expected);
    println!(
        "{hours} h, two tracks: {seconds:.2} s, {:.0} times real time; {cpu:.2} s of CPU; {:.1} MiB above {:.1} MiB",
        f64::from(hours) * 3600.0 / seconds,
        (peak_kib - idle_kib) / 1024.0,
        idle_kib / 1024.0,
    );
    callstore.close().await;
    if url.is_none() {
        let file = folder.path().join("recordings").join(&recording.file_path);
        let speech = (hear(&file, true) - hear(&file, false)).max(0.0);
        println!("  {speech:.2} s of it to find the speech: {:.2} of the speed without", (cpu - speech) / cpu);
    }
}

/// CPU time to read a recording as the finalizer has it, in blocks of samples per track, and to find the speech in it
/// if `finds`.
fn hear(file: &Path, finds: bool) -> f64 {
    let mut reader = BufReader::with_capacity(128 * 1024, File::open(file).unwrap());
    reader.seek_relative(44).unwrap();
    let (mut detector, mut block) = (Detector::new(Algorithm::DEFAULT), vec![0; 128 * 1024]);
    let (mut inbound, mut outbound) = (Vec::new(), Vec::new());
    let cpu = cpu_seconds();
    loop {
        let length = reader.read(&mut block).unwrap();
        if length == 0 {
            break;
        }
        inbound.clear();
        outbound.clear();
        for frame in block[..length].as_chunks::<4>().0 {
            inbound.push(i16::from_le_bytes([frame[0], frame[1]]));
            outbound.push(i16::from_le_bytes([frame[2], frame[3]]));
        }
        if finds {
            detector.push(&inbound, &outbound);
        }
        black_box((&inbound, &outbound));
    }
    black_box(detector.finish());
    cpu_seconds() - cpu
}

async fn open(folder: &Path, store: Option<&StoreUrl>) -> Callstore {
    let url = format!("sqlite://{}", folder.join("callstore.db").display());
    let database = Database::open(&url.parse().unwrap()).await.unwrap();
    Migrator::up(database.writer(), None).await.unwrap();
    let folder = StoreUrl::Folder(folder.join("recordings"));
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?.into()));
    #[expect(clippy::disallowed_methods, reason = "it is a setting of the benchmark")]
    let environment: Vec<_> = std::env::vars_os().filter_map(text).collect();
    let store = Store::open(store.unwrap_or(&folder), &environment).unwrap();
    Callstore::new(database, store, Box::new(SystemClock), Arc::new(SystemIds), Policy::default())
}

/// Stores the chunks of both tracks.
async fn seed(folder: &Path, hours: u32) {
    let database = sea_orm::Database::connect(format!("sqlite://{}", folder.join("callstore.db").display()));
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {})
         INSERT INTO audio_chunk (call_id, track, first_sequence, last_sequence, timestamp, data)
         SELECT call.id, track.column1, i, i, i * 20, randomblob(160) FROM call, (VALUES (0), (1)) AS track, n",
        hours * 3600 * 50
    );
    let database = database.await.unwrap();
    database.execute_unprepared(&sql).await.unwrap();
    database.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    database.close().await.unwrap();
}

fn status_kib(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// CPU time of this process, over all threads, in seconds.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse().unwrap())
        .collect();
    fields.iter().sum::<f64>() / 100.0
}
