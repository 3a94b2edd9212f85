//! Starting with an object store: wrong configuration is reported, and a store that may recover is waited for.

use std::{fs, path::Path};

use tokio::process::{Child, Command};

use super::*;
use crate::support::{Binary, client_builder, on_sqlite};

/// The log file in a folder.
pub(super) struct Log<'a>(pub &'a Path);

/// Starts a command whose log goes to the folder.
pub(super) fn logging(command: &mut Command, folder: &Path) -> Child {
    let log = fs::File::create(folder.join("log")).unwrap();
    command.env("RUST_LOG", "trace").stderr(log).spawn().unwrap()
}

impl Log<'_> {
    fn text(&self) -> String {
        fs::read_to_string(self.0.join("log")).unwrap_or_default()
    }

    /// The first log line that satisfies a condition.
    pub(super) async fn line(&self, holds: impl Fn(&Value) -> bool) -> Value {
        eventually("it is logged", || async {
            self.text().lines().filter_map(|line| serde_json::from_str(line).ok()).find(|line| holds(line))
        })
        .await
    }
}

#[tokio::test]
async fn a_store_that_does_not_take_recordings_is_told_of_and_keeps_no_service_from_starting() {
    let root = TempDir::new().unwrap();
    let objects = Objects::start(root.path());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (name, value, word) in [
        ("AWS_SECRET_ACCESS_KEY", "another-secret-of-the-store".to_owned(), "SignatureDoesNotMatch"),
        ("AWS_ACCESS_KEY_ID", "AKIAANOTHERKEY".to_owned(), "NotSignedUp"),
        ("AWS_ENDPOINT_URL", format!("http://{closed}"), "refused"),
    ] {
        let folder = TempDir::new().unwrap();
        let mut command = Binary::local(folder.path());
        command.env("RECORDING_STORAGE_URL", Objects::url("calls")).envs(objects.environment()).env(name, &value);
        let (_service, log) = (logging(&mut command, folder.path()), Log(folder.path()));
        let told = log.line(|line| line["level"] == "ERROR").await;
        assert!(told["error"].as_str().unwrap().contains(word), "{told}");
        let address = log.line(|line| line["address"].is_string()).await["address"].clone();
        let ready = format!("http://{}/readyz", address.as_str().unwrap());
        let ready = client_builder().build().unwrap().get(ready).send().await.unwrap();
        let ready = Answer::read(ready).await.expect_problem(503, "not_ready");
        assert!(ready.text().contains("the recording store"), "{}", ready.text());
        let secrets = objects.environment().into_iter().filter(|(name, _)| name.contains("KEY"));
        let secrets: Vec<_> = secrets.map(|(_, secret)| secret).chain(name.contains("KEY").then_some(value)).collect();
        assert!(!secrets.iter().any(|secret| log.text().contains(secret)), "{}", log.text());
    }
}

#[tokio::test]
async fn the_service_is_ready_when_its_store_is() {
    let world = World::new().await;
    world.server.get("/readyz").await.expect(200);
    let probes = || world.objects.asked().iter().filter(|line| line.starts_with("PUT /recordings/calls/tmp/")).count();
    futures_util::future::join_all((0..16).map(|_| world.server.get("/readyz"))).await;
    assert_eq!(probes(), 1, "{:?}", world.objects.asked());
    // The outcome of a probe is reused for some seconds only.
    for (fate, status) in [(Fate::Ignored, 503), (Fate::Answered, 200)] {
        world.objects.decide(move |_, _| fate);
        eventually("the probe finds the change", || async {
            (world.server.get("/readyz").await.status == status).then_some(())
        })
        .await;
    }
    assert_eq!(fs::read_dir(world.server.recordings().join("tmp")).unwrap().count(), 0, "a probe file was left");
    // A store has unlimited space; the database's disk has not.
    let free = world.server.get("/readyz").await.expect(200).json()["freeBytes"].as_u64();
    assert_eq!(free.is_some_and(|bytes| bytes > 0), on_sqlite());
}

#[tokio::test]
async fn a_folder_and_an_object_store_together_stop_the_start() {
    let folder = TempDir::new().unwrap();
    let refused = async |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Binary::local(folder.path());
        command.envs(environment.iter().copied()).args(arguments);
        let output = Binary::output(command).await;
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let (place, url) = (("RECORDING_STORAGE_PATH", "a"), ("RECORDING_STORAGE_URL", "s3://b"));
    for (environment, arguments) in [
        (&[][..], &["--recordings", "a", "--recordings-url", "s3://b"][..]),
        (&[place], &["--recordings-url", "s3://b"]),
        (&[url], &["--recordings", "a"]),
        (&[place, url], &[]),
    ] {
        let said = refused(environment, arguments).await;
        assert!(said.contains("--recordings <FOLDER>") && said.contains("--recordings-url <URL>"), "{said}");
    }
    // Half of a key pair.
    let said = refused(&[url, ("AWS_ACCESS_KEY_ID", "a")], &[]).await;
    assert!(said.contains("the object store") && said.to_lowercase().contains("secret"), "{said}");
}

#[tokio::test]
async fn a_url_may_name_a_folder() {
    let folder = TempDir::new().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    let mut command = Binary::local(folder.path());
    command.args(["--recordings-url", &format!("file://{}", elsewhere.display())]);
    let _service = Binary::start(command).await;
    assert!(elsewhere.join("tmp").is_dir() && !folder.path().join("data/recordings").exists());
}
