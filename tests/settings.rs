//! The command line as an operator meets it: settings, their sources, and errors for wrong ones.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path, process::Output};

use tempfile::TempDir;

use crate::support::{Binary, client_builder};

async fn callstore(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Binary::bare(folder);
    command.args(arguments);
    Binary::output(command).await
}

/// Starts the service with defaults except for the port.
async fn serve(folder: &Path) -> Binary {
    let mut command = Binary::bare(folder);
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
    Binary::start(command).await
}

#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The error of a start that failed.
#[track_caller]
fn refusal(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(output.status.code().is_some_and(|code| code != 0), "it started, or was killed: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[tokio::test]
async fn a_wrong_setting_stops_the_start_and_is_named_with_the_reason() {
    let folder = TempDir::new().unwrap();
    crate::support::write_secret(folder.path().join("file"), "no folder, no database, no key");
    fs::write(folder.path().join("open"), "a".repeat(40)).unwrap();
    fs::set_permissions(folder.path().join("open"), fs::Permissions::from_mode(0o644)).unwrap();
    for (arguments, words) in [
        (["--listen", "nonsense"], ["--listen", "not an address and a port"]),
        (["--listen", "127.0.0.1"], ["--listen", "the port is missing"]),
        (["--listen", "127.0.0.1:99999"], ["--listen", "above 65535"]),
        (["--database-url", "mysql://user:secret@localhost/callstore"], ["--database-url", "sqlite://PATH"]),
        (["--database-url", "postgres://user:secret@localhost:none/callstore"], ["--database-url", "postgres://USER"]),
        (["--database-url", "postgres://user:secret@localhost:1/callstore"], ["PostgreSQL", "refused"]),
        (["--database-url", "callstore.db"], ["--database-url", "sqlite://PATH"]),
        (["--database-url", "sqlite://"], ["--database-url", "names no file"]),
        (["--database-url", "sqlite::memory:"], ["--database-url", "in memory"]),
        (["--database-url", "sqlite://:memory:"], ["--database-url", "in memory"]),
        (["--database-url", "sqlite://x.db?mode=memory"], ["--database-url", "in memory"]),
        (["--database-url", "sqlite://file/x.db"], ["the folder /", "/file cannot be made"]),
        (["--database-url", "sqlite:///proc/callstore/x.db"], ["the folder /proc/callstore", "cannot be made"]),
        (["--database-url", "sqlite://file"], ["the file /", "/file cannot be opened"]),
        (["--recordings", "file"], ["the folder for recordings", "file cannot be used"]),
        (["--recordings", "file/below"], ["the folder for recordings", "file/below cannot be used"]),
        (["--recordings", "/proc/callstore"], ["the folder for recordings", "/proc/callstore cannot be used"]),
        (["--recordings-url", "ftp://a/b"], ["--recordings-url", "s3://"]),
        (["--recordings-url", "data"], ["--recordings-url", "file:///"]),
        (["--recordings-url", "file://data"], ["--recordings-url", "from the root"]),
        (["--recordings-url", "gs://a/b"], ["--recordings-url", "--features gcs"]),
        (["--recordings-url", "az://a/b"], ["--recordings-url", "--features azure"]),
        (["--recordings-url", "s3://key:secret@a/b"], ["--recordings-url", "a bucket's name"]),
        (
            ["--recordings-url", "file:///proc/callstore"],
            ["the folder for recordings", "/proc/callstore cannot be used"],
        ),
        (["--log-format", "xml"], ["--log-format", "xml"]),
        (["--allowed-hosts", "http://a"], ["--allowed-hosts", "no host"]),
        (["--cors-origins", "a"], ["--cors-origins", "no origin"]),
        (["--admin-key-file", "nowhere"], ["the admin key file", "nowhere cannot be used"]),
        (["--admin-key-file", "file"], ["the admin key file", "at least 32"]),
        (["--admin-key-file", "open"], ["/open is open to every user of this machine", "chmod 600 /"]),
        (["--scrub-interval", "30"], ["--scrub-interval", "the unit is missing"]),
        (["--scrub-interval", "0s"], ["--scrub-interval", "0 turns it off"]),
        (["--max-connections", "0"], ["--max-connections", "1 or more"]),
        (["--max-connections", "4000000000"], ["--max-connections", "open files"]),
        (["--rate-limit", "many"], ["--rate-limit", "a whole number"]),
        (["--rate-limit", "1000001"], ["--rate-limit", "1000000"]),
        (["--port", "80"], ["--port", "--listen"]),
        (["--public-url", "calls.example.com"], ["--public-url", "https://"]),
        (["--public-url", "https://a.example?b"], ["--public-url", "no query"]),
        (["--twilio-auth-token", "secret"], ["CALLSTORE_TWILIO_AUTH_TOKEN", "CALLSTORE_PUBLIC_URL"]),
        (["--twilio-auth-token", "secret one"], ["CALLSTORE_TWILIO_AUTH_TOKEN", "not understood"]),
        (["--twilio-auth-token", "secret,b,c"], ["CALLSTORE_TWILIO_AUTH_TOKEN", "two tokens at most"]),
        (["--twilio-auth-token-file", "nowhere"], ["CALLSTORE_TWILIO_AUTH_TOKEN_FILE", "nowhere cannot be read"]),
        (["--twilio-next-url", "agent.example.com"], ["--twilio-next-url", "https://"]),
    ] {
        let mut command = Binary::bare(folder.path());
        // A free port, unless the address is what is wrong.
        command.env("CALLSTORE_LISTEN", "127.0.0.1:0").args(arguments);
        let said = refusal(&Binary::output(command).await);
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_wrong_environment_stops_the_start_as_well() {
    let folder = TempDir::new().unwrap();
    for (name, value, word) in [
        ("CALLSTORE_LISTEN", "nowhere", "--listen"),
        ("DATABASE_URL", "mysql://localhost/x", "--database-url"),
        ("CALLSTORE_LOG_FORMAT", "xml", "--log-format"),
        ("RUST_LOG", "callstore=loud=very", "RUST_LOG"),
        ("RECORDING_STORAGE_PATH", "/proc/callstore", "/proc/callstore"),
        ("CALLSTORE_INSECURE_NO_AUTH", "perhaps", "--insecure-no-auth"),
        ("CALLSTORE_ALLOWED_HOSTS", "a:80", "--allowed-hosts"),
        ("CALLSTORE_CORS_ORIGINS", "*", "--cors-origins"),
        ("CALLSTORE_MAX_CONNECTIONS", "many", "--max-connections"),
        ("CALLSTORE_RATE_LIMIT", "-1", "--rate-limit"),
    ] {
        let mut command = Binary::bare(folder.path());
        command.env("CALLSTORE_LISTEN", "127.0.0.1:0").env(name, value);
        let said = refusal(&Binary::output(command).await);
        assert!(said.contains(word), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_second_service_on_the_same_folder_does_not_start() {
    let folder = TempDir::new().unwrap();
    let first = serve(folder.path()).await;
    let said = refusal(&callstore(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).await);
    assert!(said.contains("data/recordings") && said.contains("another Callstore"), "{said}");
    first.kill().await;
    serve(folder.path()).await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&callstore(folder.path(), &["serve", "--listen", &address]).await);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn prisma_s_form_of_the_url_is_understood() {
    for (url, file) in [
        ("file:./dev.db", "dev.db"),
        ("file:./below/dev.db?connection_limit=1", "below/dev.db"),
        ("sqlite:plain.db", "plain.db"),
        ("sqlite://data/with%20space.db", "data/with%20space.db"),
    ] {
        let folder = TempDir::new().unwrap();
        printed(&callstore(folder.path(), &["migrate", "up", "--database-url", url]).await);
        assert!(folder.path().join(file).is_file(), "{url}");
    }
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_which_wins_over_the_env_file() {
    let folder = TempDir::new().unwrap();
    let there = |name: &str| folder.path().join(name).exists();
    fs::write(folder.path().join(".env"), "DATABASE_URL=file:./from-file.db\n").unwrap();
    printed(&callstore(folder.path(), &["migrate", "up"]).await);
    assert!(there("from-file.db") && !there("data"));

    let mut command = Binary::bare(folder.path());
    command.env("DATABASE_URL", "file:./from-environment.db").args(["migrate", "up"]);
    fs::remove_file(folder.path().join("from-file.db")).unwrap();
    printed(&Binary::output(command).await);
    assert!(there("from-environment.db") && !there("from-file.db"));

    let mut command = Binary::bare(folder.path());
    let flag = ["migrate", "up", "--database-url", "file:./from-flag.db"];
    fs::remove_file(folder.path().join("from-environment.db")).unwrap();
    command.env("DATABASE_URL", "file:./from-environment.db").args(flag);
    printed(&Binary::output(command).await);
    assert!(there("from-flag.db") && !there("from-environment.db") && !there("from-file.db"));

    fs::write(folder.path().join(".env"), "this is = no 'env file\n").unwrap();
    let said = refusal(&callstore(folder.path(), &["migrate", "status"]).await);
    assert!(said.contains(".env"), "{said}");
}

#[tokio::test]
async fn the_service_starts_with_its_defaults_in_an_empty_folder() {
    let folder = TempDir::new().unwrap();
    let service = serve(folder.path()).await;
    let client = client_builder().build().unwrap();
    assert_eq!(client.get(service.url("/readyz")).send().await.unwrap().status(), 200);
    assert!(folder.path().join("data/callstore.db").is_file() && folder.path().join("data/recordings").is_dir());
}

#[tokio::test]
async fn version_help_and_document_need_neither_server_nor_database() {
    let folder = TempDir::new().unwrap();
    let version = printed(&callstore(folder.path(), &["--version"]).await);
    assert_eq!(version, format!("callstore {}\n", env!("CARGO_PKG_VERSION")));
    let help = printed(&callstore(folder.path(), &["--help"]).await);
    for word in [
        "serve",
        "migrate",
        "openapi",
        "--listen",
        "CALLSTORE_LISTEN",
        "127.0.0.1:8080",
        "--database-url",
        "DATABASE_URL",
        "sqlite://data/callstore.db",
        "--recordings",
        "RECORDING_STORAGE_PATH",
        "data/recordings",
        "--log-format",
        "CALLSTORE_LOG_FORMAT",
        "keys",
        "--admin-key-file",
        "CALLSTORE_ADMIN_KEY_FILE",
        "--insecure-no-auth",
        "CALLSTORE_INSECURE_NO_AUTH",
        "--allowed-hosts",
        "CALLSTORE_ALLOWED_HOSTS",
        "--cors-origins",
        "CALLSTORE_CORS_ORIGINS",
        "--max-connections",
        "CALLSTORE_MAX_CONNECTIONS",
        "--rate-limit",
        "CALLSTORE_RATE_LIMIT",
        "--version",
    ] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
    let document = printed(&callstore(folder.path(), &["openapi"]).await);
    let kept = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json")).unwrap();
    assert!(document == kept, "regenerate openapi.json: cargo run -- openapi > openapi.json");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_people_said_is_for_the_service_s_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let service = serve(folder.path()).await;
    for name in ["data", "data/callstore.db", "data/callstore.db-wal", "data/recordings"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
    }
    service.kill().await;
}

#[tokio::test]
async fn a_log_level_for_all_still_tells_the_migrations_in_one_line() {
    let folder = TempDir::new().unwrap();
    let mut command = Binary::bare(folder.path());
    // Without a key the service stops at this address, after it has migrated the database.
    command.args(["--listen", "0.0.0.0:0"]).env("RUST_LOG", "info");
    let said = refusal(&Binary::output(command).await);
    assert!(said.contains("The database was migrated.") && said.contains("there is no usable key"), "{said}");
    assert!(!said.contains("sea_orm_migration"), "{said}");
}
