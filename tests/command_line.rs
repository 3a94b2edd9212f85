//! The command line's hints: errors that name the right option, warnings about misspelled variables, examples and
//! completions.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::support::{Binary, on_sqlite};

async fn callstore(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Binary::bare(folder);
    command.args(arguments);
    Binary::output(command).await
}

#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn an_error_about_a_value_says_what_to_write() {
    let folder = TempDir::new().unwrap();
    let address = "--listen takes an address and a port, such as";
    for (arguments, words) in [
        (&["--listen", "9000"][..], ["a port alone", "such as 127.0.0.1:9000"]),
        (&["--listen", ":9000"], ["a port alone", "such as 127.0.0.1:9000"]),
        (&["--listen", "0.0.0.0"], ["the port is missing", address]),
        (&["--listen", "localhost:9000"], ["not an IP address", "such as 127.0.0.1:9000"]),
        (&["--listen", "127.0.0.1:99999"], ["above 65535", address]),
        (&["--port", "9000"], ["no option --port", "such as 127.0.0.1:9000"]),
        (&["--port=9000"], [address, "127.0.0.1:9000"]),
        (&["serve", "-p", "9000"], [address, "127.0.0.1:9000"]),
        (&["--host", "0.0.0.0"], ["no option --host", "such as 0.0.0.0:8080"]),
        (&["--min-free-space", "5x"], ["--min-free-space", "256MiB or 5GB"]),
        (&["--idle-timeout", "5"], ["the unit is missing", "5s, 5m or 5h"]),
        (&["--idle-timeout", "soon"], ["not a duration", "90s, 5m or 12h"]),
        (&["--idle-timeout", "10ms"], ["too short", "1s"]),
        (&["--max-call-duration", "13h"], ["too long", "12h"]),
        (&["--rate-limit", "abc"], ["--rate-limit", "a whole number, 0 to 1000000"]),
        (&["--rate-limit", "-1"], ["--rate-limit", "a whole number, 0 to 1000000"]),
        (&["--max-connections", "0"], ["--max-connections", "a whole number, 1 or more"]),
        (&["simulate", "--calls", "0"], ["--calls", "a whole number, 1 or more"]),
        (&["simulate", "--batch", "501"], ["--batch", "a whole number, 1 to 500"]),
        (&["simulate", "--tracks", "two"], ["--tracks", "a whole number, 1 to 2"]),
        (&["simulate", "--seed", "x"], ["--seed", "a whole number, 0 or more"]),
        (&["simulate", "--ramp", "5"], ["--ramp", "a number and its unit"]),
        (&["simulate", "--url", "localhost"], ["--url", "an http or https URL"]),
        (&["audio", "inspect", "x", "--channels", "65"], ["--channels", "a whole number, 1 to 64"]),
        (&["audio", "inspect", "x", "--rate", "8k"], ["--rate", "a sample rate in Hz, such as 8000"]),
        (&["keys", "revoke", "abc"], ["not the id of a key", "callstore keys list"]),
        (&["keys", "revoke", "cs_abc"], ["the key itself", "callstore keys list"]),
    ] {
        let output = callstore(folder.path(), arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn paths_in_errors_are_absolute() {
    let folder = TempDir::new().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    crate::support::write_secret(root.join("file"), "neither a folder, nor a database, nor a key");
    for (arguments, path) in [
        (["--database-url", "sqlite://file"], "file"),
        (["--database-url", "file:./file/x.db"], "file"),
        (["--recordings", "file/below"], "file/below"),
        (["--admin-key-file", "nowhere"], "nowhere"),
        (["--admin-key-file", "file"], "file"),
        (["--twilio-auth-token-file", "nowhere"], "nowhere"),
        (["restore", "nowhere"], "nowhere"),
        (["restore", "file"], "file"),
        (["backup", "copy"], "data/callstore.db"),
        (["simulate", "nowhere.jsonl"], "nowhere.jsonl"),
    ] {
        let mut command = Binary::bare(&root);
        command.env("CALLSTORE_LISTEN", "127.0.0.1:0").args(arguments);
        let output = Binary::output(command).await;
        let said = String::from_utf8(output.stderr).unwrap();
        let path = root.join(path);
        assert!(!output.status.success() && said.contains(path.to_str().unwrap()), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_backup_in_another_folder_than_the_service_s_says_where_to_run_it() {
    let folder = TempDir::new().unwrap();
    let output = callstore(folder.path(), &["backup", "copy"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    let words = ["there is no database at ", "Run this in the folder in which the service runs", "--database-url"];
    assert!(!output.status.success() && words.iter().all(|word| said.contains(word)), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_command_that_makes_no_database_says_that_there_is_none() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let id = "01905f3c-2b7a-7c11-9d4e-5a6b7c8d9e0f";
    let commands: [&[&str]; 8] = [
        &["keys", "list"],
        &["keys", "revoke", id],
        &["keys", "rotate", id],
        &["migrate", "status"],
        &["migrate", "down"],
        &["audit", "verify"],
        &["audit", "export", "audit.ndjson"],
        &["verify"],
    ];
    for arguments in commands {
        let output = callstore(folder.path(), arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        let words = ["there is no database ", "data/callstore.db", "--database-url"];
        assert!(!output.status.success() && words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
    }
}

#[tokio::test]
async fn a_service_that_cannot_listen_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = callstore(folder.path(), &["--listen", &address]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("cannot listen") && said.contains(&address), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "neither a database nor a folder is made");
}

#[tokio::test]
async fn a_variable_that_is_no_setting_is_named_with_the_nearest_setting() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(".env"), "CALLSTORE_LOGFORMAT=text\n").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = Binary::bare(folder.path());
    command.envs([
        // The service stops at the address in use, after its warnings.
        ("CALLSTORE_LISTEN", taken.local_addr().unwrap().to_string().as_str()),
        ("CALLSTORE_LISTN", "value"),
        ("CALLSTORE_DATABASE_URL", "value"),
        ("CALLSTORE_PORT", "9000"),
        ("CALLSTORE_RECORDINGS", "value"),
        ("CALLSTORE_STORAGE", "value"),
        ("CALLSTORE_SOMETHING_ELSE_ENTIRELY", "value"),
        // Variables that something else sets.
        ("CALLSTORE_KEY", "value"),
        ("CALLSTORE_TEST_POSTGRES", "value"),
        ("CALLSTORE_SERVICE_HOST", "10.0.0.1"),
        ("CALLSTORE_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
    ]);
    let said = String::from_utf8(Binary::output(command).await.stderr).unwrap();
    for warning in [
        "CALLSTORE_LISTN is not a setting of Callstore; did you mean CALLSTORE_LISTEN?",
        "CALLSTORE_DATABASE_URL is not a setting of Callstore; did you mean DATABASE_URL?",
        "CALLSTORE_PORT is not a setting of Callstore; did you mean CALLSTORE_LISTEN?",
        "CALLSTORE_RECORDINGS is not a setting of Callstore; did you mean RECORDING_STORAGE_PATH?",
        "CALLSTORE_STORAGE is not a setting of Callstore; did you mean RECORDING_STORAGE_PATH?",
        "CALLSTORE_LOGFORMAT is not a setting of Callstore; did you mean CALLSTORE_LOG_FORMAT?",
        "CALLSTORE_SOMETHING_ELSE_ENTIRELY is not a setting of Callstore; `callstore --help` lists",
    ] {
        assert_eq!(said.matches(warning).count(), 1, "{warning}: {said}");
    }
    assert_eq!(said.matches("is not a setting").count(), 7, "{said}");
    assert!(!said.contains("value"), "{said}");
}

#[tokio::test]
async fn kubernetes_variables_of_a_service_get_no_warning() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = Binary::bare(folder.path());
    command.env("CALLSTORE_LISTEN", taken.local_addr().unwrap().to_string());
    command.env("CALLSTORE_PORT", "tcp://10.0.0.1:8080");
    let said = String::from_utf8(Binary::output(command).await.stderr).unwrap();
    assert!(said.contains("cannot listen") && !said.contains("is not a setting"), "{said}");
}

#[tokio::test]
async fn help_shows_examples() {
    let folder = TempDir::new().unwrap();
    for (command, example) in [
        (&[][..], "callstore --listen 0.0.0.0:8080 --admin-key-file admin-key"),
        (&["keys"], "callstore keys create --scope admin"),
        (&["simulate"], "callstore simulate --calls 500"),
        (&["audio"], "callstore audio convert call.ulaw call.wav"),
        (&["backup"], "callstore backup /backups/monday"),
        (&["restore"], "callstore restore /backups/monday"),
        (&["completions"], "callstore completions bash >"),
    ] {
        for flag in ["--help", "-h"] {
            let help = printed(&callstore(folder.path(), &[command, &[flag]].concat()).await);
            assert!(help.contains("Examples:\n") && help.contains(example), "{help}");
            assert!(!help.contains("--port") && !help.contains("--host"), "{help}");
        }
    }
}

#[tokio::test]
async fn completions_are_scripts_for_each_shell() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&callstore(folder.path(), &["completions", shell]).await);
        let all = ["simulate", "min-free-space", "completions"].iter().all(|word| script.contains(word));
        assert!(all, "{shell}: {script}");
    }
    let script = printed(&callstore(folder.path(), &["completions", "bash"]).await);
    fs::write(folder.path().join("completions.bash"), script).unwrap();
    let complete = "source ./completions.bash; COMP_WORDS=(callstore sim); COMP_CWORD=1; \
                    _callstore callstore sim callstore; echo \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-ec", complete]).current_dir(folder.path()).stdin(Stdio::null());
    match bash.output() {
        Ok(output) => assert_eq!(printed(&output).trim(), "simulate", "{}", String::from_utf8_lossy(&output.stderr)),
        // Machines without bash cannot run the script.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}
