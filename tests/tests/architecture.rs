//! The house rules that a compiler does not check: which crate may know which, what the core may not name, where SQL and
//! HTTP live, how long a file may be. ARCHITECTURE.md says why.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may depend on whom, inside the workspace. A crate that is missing here fails the test.
const ARROWS: &[(&str, &[&str])] = &[
    ("cx-engine", &[]),
    ("cx-pipeline", &["cx-engine"]),
    ("cx-journal", &["cx-engine", "cx-pipeline"]),
    ("cx-store", &["cx-engine"]),
    ("cx-market-data", &["cx-engine"]),
    ("cx-identity", &["cx-engine", "cx-store"]),
    ("cx-registry", &["cx-engine", "cx-store"]),
    ("cx-compliance", &["cx-engine", "cx-store"]),
    (
        "cx-api",
        &["cx-engine", "cx-pipeline", "cx-store", "cx-identity", "cx-registry", "cx-market-data", "cx-compliance"],
    ),
    ("carbonxchange", ALL_BUT_THE_BINARY),
    ("cx-benches", ALL_BUT_THE_BINARY),
    ("cx-tests", ALL_BUT_THE_BINARY),
];

const ALL_BUT_THE_BINARY: &[&str] = &[
    "cx-engine",
    "cx-pipeline",
    "cx-journal",
    "cx-store",
    "cx-market-data",
    "cx-identity",
    "cx-registry",
    "cx-compliance",
    "cx-api",
];

/// External crates that only one place may use, because what they stand for lives there.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["cx-store"]),
    ("rocksdb", &["cx-journal"]),
    ("axum", &["cx-api"]),
    ("hyper", &["cx-api"]),
    ("tower-http", &["cx-api"]),
    ("utoipa", &["cx-api"]),
    ("jsonwebtoken", &["cx-identity"]),
    ("argon2", &["cx-identity"]),
];

/// What the core may use from outside: containers, hashing, encoding of bytes and error types. No I/O, no clock, no random.
const CORE_DEPENDENCIES: &[&str] = &["bincode", "blake3", "hashbrown", "thiserror"];

/// What the core's sources may not name, beyond what engine/core/clippy.toml bans by path.
const CORE_BANS: &[&str] = &[
    "tokio",
    "serde",
    "rocksdb",
    "sqlx",
    "std::fs",
    "std::io",
    "std::net",
    "std::thread",
    "std::time",
    "std::env",
    "std::process",
    "Instant",
    "SystemTime",
    "RandomState",
    "collections::HashMap",
    "collections::HashSet",
    "DefaultHasher",
    "rand::",
    "f32",
    "f64",
    "println!",
];

const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE ", "ON CONFLICT "];
const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Name, manifest and direct dependencies (also those of build scripts and tests) of each member.
fn members() -> Vec<(String, PathBuf, BTreeSet<String>)> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"])).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies =
                package["dependencies"].as_array().unwrap().iter().map(|dependency| text(&dependency["name"]));
            (text(&package["name"]), text(&package["manifest_path"]).into(), dependencies.collect())
        })
        .collect()
}

/// Rust sources below a folder, with their text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no sources below {}", folder.display());
    found
}

/// Lines of code, without those that are comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "testing")
}

#[test]
fn crates_know_only_whom_they_may() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let members = members();
    let names: BTreeSet<&str> = members.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, arrows.keys().copied().collect(), "each member has its arrows, and each arrow its member");
    for (name, _, dependencies) in &members {
        for dependency in dependencies.iter().filter(|dependency| names.contains(dependency.as_str())) {
            assert!(arrows[name.as_str()].contains(&dependency.as_str()), "{name} may not depend on {dependency}");
        }
        if name == "cx-engine" {
            let tools = ["proptest", "tempfile", "criterion"];
            let foreign: Vec<_> = dependencies
                .iter()
                .filter(|d| !CORE_DEPENDENCIES.contains(&d.as_str()) && !tools.contains(&d.as_str()))
                .collect();
            assert!(foreign.is_empty(), "the core may not depend on {foreign:?}");
        }
        for (external, homes) in HOMES {
            let exempt = homes.contains(&name.as_str()) || name == "cx-tests";
            assert!(exempt || !dependencies.contains(*external), "{external} lives in {homes:?}, not in {name}");
        }
    }
}

#[test]
fn members_share_lints_and_versions() {
    for (name, manifest, _) in members() {
        let text = std::fs::read_to_string(manifest).unwrap();
        for line in ["[lints]", "version.workspace = true", "rust-version.workspace = true"] {
            assert!(text.contains(line), "{name}: the manifest lacks `{line}`");
        }
        let mut section = "";
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                section = line;
            } else if section.ends_with("dependencies]") {
                assert!(line.contains("workspace = true"), "{name}: versions belong to the workspace's table: {line}");
            }
        }
    }
}

#[test]
fn the_core_names_no_clock_random_or_input() {
    for (path, text) in sources(&root().join("engine/core/src")) {
        if is_test(&path) {
            continue;
        }
        for (number, line) in code(&text) {
            for ban in CORE_BANS {
                assert!(!line.contains(ban), "{}:{number} names `{ban}`", path.display());
            }
            let imports =
                line.contains("std::collections::{") && (line.contains("HashMap") || line.contains("HashSet"));
            assert!(!imports, "{}:{number} takes a map with a random order", path.display());
        }
    }
}

#[test]
fn sql_lives_in_the_store() {
    let store = root().join("persistence/store");
    for folder in ["engine", "gateway", "persistence"] {
        for (path, text) in sources(&root().join(folder)) {
            if path.starts_with(&store) || is_test(&path) {
                continue;
            }
            for (number, line) in code(&text) {
                assert!(!SQL.iter().any(|word| line.contains(word)), "{}:{number} speaks SQL: {line}", path.display());
            }
        }
    }
}

#[test]
fn files_are_rooms() {
    for (_, manifest, _) in members() {
        for (path, text) in sources(manifest.parent().unwrap()) {
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{}: {lines} lines, the most is {LINES_MAX}", path.display());
            assert!(text.starts_with("//!"), "{}: the first line says why the file exists (`//!`)", path.display());
        }
    }
}

/// `make run` builds the programs and `make test` the tests too. Were the features of a crate below RocksDB's build script
/// to differ between the two, RocksDB would be compiled twice, for 12 minutes each.
#[test]
fn rocksdb_is_compiled_once() {
    let tree = |selection: &[&str], format: &str| -> BTreeSet<String> {
        let mut arguments = vec!["tree", "--offline", "--prefix", "none", "-f", format];
        arguments.extend(selection);
        cargo(&arguments).lines().map(|line| line.trim_end_matches(" (*)").trim().to_owned()).collect()
    };
    let below = tree(&["-p", "librocksdb-sys", "-e", "normal,build"], "{p}");
    assert!(below.iter().any(|package| package.starts_with("bindgen ")), "the bindings are generated: {below:?}");
    let features = |edges| -> BTreeSet<String> {
        let all = tree(&["--workspace", "-e", edges], "{p}|{f}");
        all.into_iter()
            .filter(|line| line.split_once('|').is_some_and(|(package, _)| below.contains(package)))
            .collect()
    };
    assert_eq!(
        features("normal,build"),
        features("normal,build,dev"),
        "a dev-dependency changes what is below RocksDB"
    );
}
