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
    ("cx-failpoint", &[]),
    ("cx-pipeline", &["cx-engine", "cx-failpoint"]),
    ("cx-journal", &["cx-engine", "cx-failpoint", "cx-pipeline"]),
    ("cx-store", &["cx-engine", "cx-failpoint"]),
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
    "cx-failpoint",
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
    // The binary accepts connections and hands them to the gateway's router; routes and shapes live in the gateway.
    ("axum", &["cx-api", "carbonxchange"]),
    ("hyper", &["cx-api", "carbonxchange"]),
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
            // A crate names itself to switch a feature on for its own tests.
            let known = dependency == name || arrows[name.as_str()].contains(&dependency.as_str());
            assert!(known, "{name} may not depend on {dependency}");
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
                let itself = line.starts_with(&format!("{name} = "));
                let shared = itself || line.contains("workspace = true");
                assert!(shared, "{name}: versions belong to the workspace's table: {line}");
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
    let mut wrong = Vec::new();
    for (_, manifest, _) in members() {
        for (path, text) in sources(manifest.parent().unwrap()) {
            let lines = text.lines().count();
            if lines > LINES_MAX {
                wrong.push(format!("{}: {lines} lines, the most is {LINES_MAX}", path.display()));
            }
            // A sibling tests.rs says it by its name.
            if !path.ends_with("tests.rs") && !text.starts_with("//!") {
                wrong.push(format!("{}: the first line says why the file exists (`//!`)", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `make run` builds the programs, `make test` the tests too, and people select single packages. Were the features of a
/// crate below RocksDB's build script to differ between these, RocksDB would be compiled again, for 12 minutes each time.
/// `persistence/journal/Cargo.toml` keeps them alike.
#[test]
fn rocksdb_is_compiled_once() {
    let whole = below_rocksdb(&["--workspace", "-e", "normal,build"]);
    assert!(whole.keys().any(|package| package.starts_with("bindgen ")), "the bindings are generated: {whole:?}");
    for selection in [
        ["--workspace", "-e", "normal,build,dev"].as_slice(),
        &["-p", "carbonxchange", "-e", "normal,build"],
        &["-p", "cx-journal", "-e", "normal,build"],
        &["-p", "cx-tests", "-e", "normal,build,dev"],
        &["-p", "cx-benches", "-e", "normal,build,dev"],
    ] {
        for (package, features) in below_rocksdb(selection) {
            // What was printed further up is not printed again, so a package may be missing on one side.
            let Some(expected) = whole.get(&package) else { continue };
            assert_eq!(expected, &features, "{package} has other features with {selection:?}");
        }
    }
}

/// The packages below RocksDB's first mention in the tree of a selection, with their features.
fn below_rocksdb(selection: &[&str]) -> BTreeMap<String, String> {
    let mut arguments = vec!["tree", "--offline", "--prefix", "depth", "-f", " {p} | {f}"];
    arguments.extend(selection);
    let mut found = BTreeMap::new();
    let mut start = None;
    for line in cargo(&arguments).lines() {
        let Some((depth, rest)) = line.split_once(' ') else { continue };
        let Ok(depth) = depth.parse::<usize>() else { continue };
        let (package, features) = rest.split_once('|').unwrap();
        match start {
            None if !package.starts_with("librocksdb-sys ") => continue,
            None => start = Some(depth),
            Some(start) if depth <= start => break,
            Some(_) => {}
        }
        found.insert(package.trim().to_owned(), features.trim_end_matches(" (*)").trim().to_owned());
    }
    found
}
