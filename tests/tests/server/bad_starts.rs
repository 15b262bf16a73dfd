//! What cannot start says why, and with which exit code.

use cx_tests::server::{Launch, command, run};

/// What a failed command said, after its exit code was checked.
async fn refused(arguments: &[&str], code: i32) -> String {
    let output = run(arguments).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(output.stdout, b"", "nothing on stdout");
    stderr
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder.path().to_str().unwrap();
    let said = refused(&["serve", "--data", data, "--listen", &address], 4).await;
    assert!(said.contains(&address), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "not a folder").unwrap();
    let path = file.to_str().unwrap();
    let said = refused(&["serve", "--data", path, "--listen", "127.0.0.1:0"], 3).await;
    assert!(said.contains(path), "{said}");
    let missing = folder.path().join("nothing");
    let said = refused(&["verify", "--data", missing.to_str().unwrap()], 3).await;
    assert!(said.contains("nothing") && !missing.exists(), "verify makes no folder: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let launch = Launch::on(folder.path());
    let server = launch.start().await.unwrap();
    let second = launch.start().await.unwrap_err();
    assert_eq!(second.status.code(), Some(3), "{}", second.stderr);
    assert!(second.stderr.contains(&format!("process {}", server.pid())), "{}", second.stderr);
    let said = refused(&["verify", "--data", data], 3).await;
    assert!(said.contains("another carbonxchange uses"), "{said}");
    let said = refused(&["import-projects", "--data", data, "Cargo.toml"], 3).await;
    assert!(said.contains("another carbonxchange uses"), "{said}");
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let launch = Launch::on(folder.path());
    assert_eq!(launch.start().await.unwrap().stop().await.status.code(), Some(0));
    // As if the journal had been lost and somebody had made a new one.
    std::fs::remove_dir_all(folder.path().join("journal")).unwrap();
    let ended = launch.start().await.unwrap_err();
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("seq"), "{}", ended.stderr);
    let output = run(&["verify", "--data", data]).await;
    assert_ne!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_not_understood_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cx.toml");
    let path = file.to_str().unwrap();
    for (text, names) in
        [("durabilty = \"os\"", "durabilty"), ("listen = 5 5", "line 1"), ("durability = \"x\"", "`x`")]
    {
        std::fs::write(&file, text).unwrap();
        for arguments in [["config", "check"].as_slice(), &["serve"]] {
            let said = refused(&[arguments, &["--config", path]].concat(), 2).await;
            assert!(said.contains(names), "{text}: {said}");
        }
    }
    refused(&["serve", "--no-such-flag"], 2).await;
    let output = command(&["config", "check"]).env("CX_DURABILTY", "os").output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "a mistyped name in the environment is not ignored");
    let mut shown = command(&["config", "check"]);
    shown.env("CX_ADMIN_EMAIL", "a@b.example").env("CX_ADMIN_PASSWORD", "S3cret!pw");
    let shown = shown.output().await.unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("a@b.example") && !shown.contains("S3cret!pw"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::on(folder.path()).env("DATABASE_URL", "postgres://cx:hunter2@127.0.0.1:1/cx");
    let ended = launch.start().await.unwrap_err();
    assert_eq!(ended.status.code(), Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("database") && !ended.stderr.contains("hunter2"), "{}", ended.stderr);
}
