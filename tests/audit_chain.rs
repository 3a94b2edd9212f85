//! The hash chain of the audit: `callstore audit` exports and verifies it, and finds what was changed behind the
//! service's back. Retention removes nothing that was not exported.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    keys::{create, keys},
    support::{Answer, Binary, Server, client_builder, database_url, eventually, execute, on_sqlite, query_strings},
};

/// Runs `callstore audit` on the database of a folder; the output, or the error.
async fn audit(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Binary::with_database(folder);
    command.arg("audit").args(arguments);
    let output = Binary::output(command).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// A folder with a database whose audit has `entries` entries of commands.
async fn with_entries(entries: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    for number in 0..entries {
        create(folder.path(), "admin", &["--label", &format!("key {number}")]).await;
    }
    folder
}

/// Exports to a file of the folder, and returns its path and the head.
async fn export(folder: &Path, name: &str) -> (PathBuf, String) {
    let file = folder.join(name);
    let said = audit(folder, &["export", file.to_str().unwrap()]).await.unwrap();
    (file, said.trim().rsplit(' ').next().unwrap().to_owned())
}

/// Changes the database as somebody who can write its file: the triggers are dropped before.
async fn tamper(folder: &Path, statement: &str) {
    let drop: Vec<_> = if on_sqlite() {
        let names = ["audit_entry_no_UPDATE", "audit_entry_no_DELETE", "audit_seal_no_UPDATE", "audit_seal_no_DELETE"];
        names.iter().map(|name| format!("DROP TRIGGER IF EXISTS {name};")).collect()
    } else {
        let tables = ["audit_entry", "audit_seal"];
        tables.iter().map(|table| format!("ALTER TABLE {table} DISABLE TRIGGER USER;")).collect()
    };
    let file = folder.join("data/callstore.db");
    for statement in drop.iter().map(String::as_str).chain([statement]) {
        execute(&file, statement).await;
    }
}

fn lines(file: &Path) -> Vec<Value> {
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const AT_3: &str = "(SELECT entry_id FROM audit_seal WHERE position = 3)";

#[tokio::test]
async fn an_audit_that_nobody_changed_fits_its_chain() {
    let folder = with_entries(4).await;
    let (file, head) = export(folder.path(), "audit.ndjson").await;
    // The export is an entry too, and waits for the chain.
    let said = audit(folder.path(), &["verify", "--head", &head]).await.unwrap();
    assert!(said.starts_with(&format!("4 entries fit their chain. Head: {head}\n1 more entries wait")), "{said}");
    let said = audit(folder.path(), &["verify", file.to_str().unwrap(), "--head", &head]).await.unwrap();
    assert_eq!(said, format!("4 entries fit their chain. Head: {head}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = lines(&file);
    assert_eq!((&lines[0]["position"], &lines[0]["entry"]["operation"]), (&json!(1), &json!("createKey")));
    assert_eq!(lines[1]["previous"], lines[0]["hash"]);
}

#[tokio::test]
async fn a_changed_entry_is_found() {
    let folder = with_entries(4).await;
    export(folder.path(), "audit.ndjson").await;
    tamper(folder.path(), &format!("UPDATE audit_entry SET operation = 'listKeys' WHERE id = {AT_3}")).await;
    let said = audit(folder.path(), &["verify"]).await.unwrap_err();
    assert!(said.contains("at position 3 does not fit its hash"), "{said}");
}

#[tokio::test]
async fn a_removed_entry_is_found() {
    let folder = with_entries(4).await;
    export(folder.path(), "audit.ndjson").await;
    tamper(folder.path(), &format!("DELETE FROM audit_entry WHERE id = {AT_3}")).await;
    let said = audit(folder.path(), &["verify"]).await.unwrap_err();
    assert!(said.contains("the entry at position 3 was removed"), "{said}");
    tamper(folder.path(), "DELETE FROM audit_seal WHERE position = 3").await;
    let said = audit(folder.path(), &["verify"]).await.unwrap_err();
    assert!(said.contains("position 3 is missing: position 4 follows 2"), "{said}");
}

#[tokio::test]
async fn entries_in_another_order_are_found() {
    let folder = with_entries(4).await;
    export(folder.path(), "audit.ndjson").await;
    for (from, to) in [(2, -2), (3, 2), (-2, 3)] {
        tamper(folder.path(), &format!("UPDATE audit_seal SET position = {to} WHERE position = {from}")).await;
    }
    let said = audit(folder.path(), &["verify"]).await.unwrap_err();
    assert!(said.contains("at position 2 does not fit its hash"), "{said}");
}

#[tokio::test]
async fn a_removed_end_is_found_by_a_head_that_was_noted() {
    let folder = with_entries(4).await;
    let (_, head) = export(folder.path(), "audit.ndjson").await;
    let last = "SELECT entry_id FROM audit_seal WHERE position = 4";
    tamper(folder.path(), &format!("DELETE FROM audit_entry WHERE id = ({last})")).await;
    tamper(folder.path(), "DELETE FROM audit_seal WHERE position = 4").await;
    audit(folder.path(), &["verify"]).await.unwrap();
    let said = audit(folder.path(), &["verify", "--head", &head]).await.unwrap_err();
    assert!(said.contains("the chain ends at position 3, before the noted head 4:"), "{said}");
    // Something else in its place.
    export(folder.path(), "other.ndjson").await;
    let said = audit(folder.path(), &["verify", "--head", &head]).await.unwrap_err();
    assert!(said.contains("the chain was rewritten"), "{said}");
}

#[tokio::test]
async fn a_removed_beginning_and_an_entry_past_the_service_are_found() {
    let folder = with_entries(4).await;
    export(folder.path(), "audit.ndjson").await;
    let first = "SELECT entry_id FROM audit_seal WHERE position = 1";
    tamper(folder.path(), &format!("DELETE FROM audit_entry WHERE id = ({first})")).await;
    let said = audit(folder.path(), &["verify"]).await.unwrap_err();
    assert!(said.contains("up to position 1 were removed, and not by the service"), "{said}");

    let folder = with_entries(2).await;
    export(folder.path(), "audit.ndjson").await;
    tamper(folder.path(), "DELETE FROM audit_pending").await;
    let said = audit(folder.path(), &["verify"]).await.unwrap_err();
    assert!(said.contains("is not in the chain"), "{said}");
}

#[tokio::test]
async fn an_export_is_continued_where_it_was_interrupted() {
    let folder = with_entries(2).await;
    let (file, _) = export(folder.path(), "audit.ndjson").await;
    let mut text = fs::read_to_string(&file).unwrap();
    text += "{\"position\":3,\"prev";
    fs::write(&file, text).unwrap();
    let (_, head) = export(folder.path(), "audit.ndjson").await;
    let positions: Vec<_> = lines(&file).iter().map(|line| line["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, [1, 2, 3]);
    // A new file begins after the last export, and continues its chain.
    let (next, _) = export(folder.path(), "next.ndjson").await;
    assert_eq!(lines(&next)[0]["position"], 4);
    let both = ["verify", file.to_str().unwrap(), next.to_str().unwrap(), "--head", &head];
    audit(folder.path(), &both).await.unwrap();
    let said = audit(folder.path(), &["verify", next.to_str().unwrap(), file.to_str().unwrap()]).await.unwrap_err();
    assert!(said.contains("audit.ndjson, line 1: position 5 is missing"), "{said}");
    let all = folder.path().join("all.ndjson");
    audit(folder.path(), &["export", "--all", all.to_str().unwrap()]).await.unwrap();
    assert_eq!(lines(&all)[0]["position"], 1);
}

#[tokio::test]
async fn a_changed_line_of_an_export_is_found() {
    let folder = with_entries(3).await;
    let (file, _) = export(folder.path(), "audit.ndjson").await;
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replacen("createKey", "revokeKey", 2).replacen("revokeKey", "createKey", 1);
    fs::write(&file, changed).unwrap();
    let said = audit(folder.path(), &["verify", file.to_str().unwrap()]).await.unwrap_err();
    assert!(said.contains("audit.ndjson, line 2: the entry") && said.contains("at position 2 does not fit"), "{said}");
    let lines: Vec<_> = text.lines().collect();
    fs::write(&file, format!("{}\n{}\n", lines[0], lines[2])).unwrap();
    let said = audit(folder.path(), &["verify", file.to_str().unwrap()]).await.unwrap_err();
    assert!(said.contains("line 2: position 2 is missing"), "{said}");
}

#[tokio::test]
async fn an_export_goes_to_a_file_of_its_own_only() {
    let folder = with_entries(1).await;
    let (link, notes) = (folder.path().join("link"), folder.path().join("notes"));
    fs::write(&notes, "Mine.\n").unwrap();
    symlink(&notes, &link).unwrap();
    for file in [&link, &notes, &PathBuf::from("/dev/null")] {
        let said = audit(folder.path(), &["export", file.to_str().unwrap()]).await.unwrap_err();
        assert!(said.contains("cannot be used"), "{said}");
    }
    assert_eq!(fs::read_to_string(&notes).unwrap(), "Mine.\n");
    let other = with_entries(1).await;
    let (file, _) = export(other.path(), "audit.ndjson").await;
    let said = audit(folder.path(), &["export", file.to_str().unwrap()]).await.unwrap_err();
    assert!(said.contains("another chain"), "{said}");
    let said = audit(folder.path(), &["verify", "--head", "3"]).await.unwrap_err();
    assert!(said.contains("POSITION:HASH"), "{said}");
}

#[tokio::test]
async fn a_running_service_adds_its_entries_to_the_chain() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.delete("/calls/MZ1").await.expect(204);
    let database = server.database().await;
    let left = "SELECT CAST(COUNT(*) AS TEXT) FROM audit_pending UNION ALL \
        SELECT CAST(COUNT(*) AS TEXT) FROM audit_entry e WHERE NOT EXISTS \
        (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id)";
    eventually("the entries are in the chain", || async {
        (query_strings(&database, left).await == ["0", "0"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn only_exported_entries_are_removed() {
    let folder = with_entries(3).await;
    let serve = || async {
        let mut command = Binary::command(folder.path());
        command.args(["--audit-retention", "1s"]);
        Binary::start(command).await
    };
    let key = create(folder.path(), "admin", &[]).await;
    let oldest = async |service: &Binary| {
        let request = client_builder().build().unwrap().get(service.url("/admin/audit?limit=500")).bearer_auth(&key);
        let page = Answer::read(request.send().await.unwrap()).await.expect(200).json();
        page["items"].as_array().unwrap().last().unwrap()["operation"].clone()
    };
    let service = serve().await;
    assert_eq!(oldest(&service).await, "createKey");
    service.tell_to_stop().await;
    service.stopped().await;
    let (file, head) = export(folder.path(), "audit.ndjson").await;
    // The database itself refuses what was not exported.
    let file_of_database = folder.path().join("data/callstore.db");
    let database = crate::support::connect(&file_of_database).await;
    let refused = sea_orm::ConnectionTrait::execute_unprepared(&database, "DELETE FROM audit_entry").await;
    assert!(refused.unwrap_err().to_string().contains("before they are exported"));
    sea_orm::DatabaseConnection::close(database).await.unwrap();
    let service = serve().await;
    eventually("the exported entries are removed", || async { (oldest(&service).await != "createKey").then_some(()) })
        .await;
    service.tell_to_stop().await;
    service.stopped().await;
    let (next, _) = export(folder.path(), "next.ndjson").await;
    let removals: Vec<_> =
        lines(&next).into_iter().filter(|line| line["entry"]["operation"] == "removeAudit").collect();
    assert_eq!(removals[0]["entry"]["resource"], format!("/admin/audit/{head}"));
    assert_eq!(removals[0]["entry"]["actor"], "service");
    let said = audit(folder.path(), &["verify", "--head", &head]).await.unwrap();
    assert!(said.contains("fit their chain, from position "), "{said}");
    audit(folder.path(), &["verify", file.to_str().unwrap(), next.to_str().unwrap()]).await.unwrap();
    let listed = keys(folder.path(), &["list"]).await;
    assert!(listed.status.success());
}

#[tokio::test]
async fn entries_from_before_the_chain_join_it() {
    let folder = with_entries(3).await;
    let migrate = async |step: &str| {
        let mut command = Binary::with_database(folder.path());
        command.args(["migrate", step]);
        String::from_utf8(Binary::output(command).await.stdout).unwrap()
    };
    while !migrate("down").await.contains("pending  m20261128_000015_audit_chain") {}
    let (file, head) = export(folder.path(), "audit.ndjson").await;
    assert_eq!(lines(&file).len(), 3);
    audit(folder.path(), &["verify", "--head", &head]).await.unwrap();
    let service = Binary::serve(folder.path()).await;
    service.kill().await;
    audit(folder.path(), &["verify", "--head", &head]).await.unwrap();
}

#[tokio::test]
async fn a_copied_database_has_the_same_chain() {
    let folder = with_entries(3).await;
    let (_, head) = export(folder.path(), "audit.ndjson").await;
    let mut command = Binary::bare(folder.path());
    let from = database_url(&folder.path().join("data/callstore.db"));
    command.args(["copy", "--from", &from, "--to", "sqlite://copy.db"]);
    let copied = Binary::output(command).await;
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let on_copy = async |arguments: &[&str]| {
        let mut command = Binary::bare(folder.path());
        command.env("DATABASE_URL", "sqlite://copy.db").arg("audit").args(arguments);
        let output = Binary::output(command).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    on_copy(&["verify", "--head", &head]).await;
    // The copy continues the chain, and the export.
    let said = on_copy(&["export", "audit.ndjson"]).await;
    assert!(said.starts_with("1 entries exported"), "{said}");
    on_copy(&["verify", "audit.ndjson", "--head", &head]).await;
}
