//! Registries' exports from the command line.

use std::path::Path;

use cx_tests::client::{Client, expect};
use cx_tests::server::{Launch, run};
use reqwest::StatusCode;

/// The built-in table, as a file to import.
fn facts() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/registry/data/registry-facts.csv");
    std::fs::read_to_string(path).unwrap()
}

async fn instruments(data: &Path) -> usize {
    let server = Launch::on(data).start().await.unwrap();
    let body = expect(StatusCode::OK, Client::new(&server.url).get("/api/market/instruments").await);
    assert_eq!(server.stop().await.status.code(), Some(0));
    body["instruments"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_row_is_named_and_nothing_of_its_file_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("export.csv"));
    let good = facts();
    // One more tonne than the serial's range has, on the third line.
    let corrupt: Vec<String> = good
        .lines()
        .enumerate()
        .map(|(index, line)| if index == 2 { line.replacen(",90000,", ",90001,", 1) } else { line.to_owned() })
        .collect();
    assert_ne!(corrupt[2], good.lines().nth(2).unwrap(), "the row was changed");
    std::fs::write(&file, corrupt.join("\n")).unwrap();
    let arguments = ["import-projects", "--data", data.to_str().unwrap(), file.to_str().unwrap()];

    let output = run(&arguments).await;
    let (said, why) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(65), "{said}{why}");
    assert!(said.contains("export.csv:3:") && said.contains("90001"), "line and reason are told: {said}");
    assert_eq!(instruments(&data).await, 0, "nothing is half imported");

    std::fs::write(&file, &good).unwrap();
    let output = run(&arguments).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let listed = instruments(&data).await;
    assert!(listed > 50, "{listed} instruments: {said}");

    let again = String::from_utf8(run(&arguments).await.stdout).unwrap();
    assert!(
        again.contains("0 projects") && again.contains("0 instruments listed"),
        "the second time changes nothing: {again}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_export_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("nonsense.csv");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    for path in [file, folder.path().join("missing.csv")] {
        let output = run(&["import-projects", "--data", data.to_str().unwrap(), path.to_str().unwrap()]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(65), "{said}");
        assert!(said.contains(path.file_name().unwrap().to_str().unwrap()), "{said}");
    }
}
