//! A throw-away PostgreSQL cluster, shared by all test processes of this user and gone soon after the last of them.
//!
//! Each test process holds a shared lock on `users.lock` while it lives; the kernel releases it however the process
//! ends. A supervising shell waits for the exclusive lock, lingers for the next test process, and then stops the server
//! and removes its files. Starting and stopping exclude each other through `start.lock`. The server listens on a socket
//! in a private folder only: with `trust` authentication a port would be open to everybody on the machine.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub(super) const START_TIMEOUT: Duration = Duration::from_mins(1);

pub(super) const MISSING: &str = "PostgreSQL is not installed: `make test` installs it and then runs the tests. \
     (Or set TEST_DATABASE_URL to a server on which the role may create databases.)";

/// $1 base folder, $2 seconds to linger, the rest: the server's command line.
const SUPERVISOR: &str = r#"
base=$1; linger=$2; shift 2
"$@" &
while :; do
    flock -x "$base/users.lock" true
    sleep "$linger"
    exec 9> "$base/start.lock"
    flock -x 9
    if flock -xn "$base/users.lock" true; then break; fi
    exec 9>&-
done
kill -INT "$(head -n 1 "$base/cluster/data/postmaster.pid")"
wait
rm -rf "$base/cluster"
"#;

/// Seconds that an unused cluster waits for the next test process.
const LINGER: &str = "20";

/// The URL of the running cluster; starts it when it is not running. Panics, saying what to do, when it cannot.
pub(super) fn server_url() -> String {
    static CLUSTER: OnceLock<(String, File)> = OnceLock::new();
    CLUSTER.get_or_init(|| join().unwrap_or_else(|error| panic!("the test cluster cannot start: {error}"))).0.clone()
}

/// Joins the users of the cluster. The returned file is the membership.
fn join() -> Result<(String, File), String> {
    let bin = binaries().ok_or(MISSING)?;
    let user = output("id", &["-u"])?;
    let base = std::env::temp_dir().join(format!("carbonxchange-postgres-{user}"));
    fs::create_dir_all(&base).map_err(|error| format!("{}: {error}", base.display()))?;
    fs::set_permissions(&base, Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;

    let starting = lock_file(&base.join("start.lock"))?;
    starting.lock().map_err(|error| error.to_string())?;
    let membership = lock_file(&base.join("users.lock"))?;
    membership.lock_shared().map_err(|error| error.to_string())?;
    let socket_folder = base.join("cluster/socket");
    if UnixStream::connect(socket_folder.join(".s.PGSQL.5432")).is_err() {
        start(&base, &bin, user == "0")?;
    }
    Ok((url(&base.join("cluster")), membership))
}

/// Settings that every cluster of tests has: it must survive the death of its processes, but no power cut.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=128MB",
    "jit=off",
    "max_wal_size=512MB",
];

fn start(base: &Path, bin: &Path, root: bool) -> Result<(), String> {
    let cluster = base.join("cluster");
    if cluster.exists() {
        fs::remove_dir_all(&cluster).map_err(|error| format!("{}: {error}", cluster.display()))?;
    }
    // Nobody kills this one, so no commit needs to wait for a write.
    let words = create(&cluster, bin, root, &["synchronous_commit=off"])?;
    let log = File::create(base.join("server.log")).map_err(|error| error.to_string())?;
    let mut supervisor = Command::new("sh");
    supervisor.args(["-c", SUPERVISOR, "sh"]).arg(base).arg(LINGER).args(words);
    // Its own process group, so that what ends a test run does not end it half-way.
    supervisor.current_dir("/").process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    supervisor.spawn().map_err(|error| format!("sh: {error}"))?;
    wait_until_ready(&cluster.join("data/postmaster.pid"), base)
}

/// Makes a cluster in a folder that is not there yet; gives the command line of its server.
pub(super) fn create(cluster: &Path, bin: &Path, root: bool, settings: &[&str]) -> Result<Vec<String>, String> {
    fs::create_dir(cluster).map_err(|error| error.to_string())?;
    // PostgreSQL refuses to run as root.
    let drop_root: &[&str] =
        if root { &["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] } else { &[] };
    if root {
        output("chown", &["postgres", &cluster.display().to_string()])
            .map_err(|error| format!("{error}. {MISSING}"))?;
    }
    let (data, socket) = (cluster.join("data").display().to_string(), cluster.join("socket").display().to_string());
    let as_server = |words: &[&str]| {
        let words: Vec<String> = drop_root.iter().chain(words).map(ToString::to_string).collect();
        words
    };
    let initdb = bin.join("initdb").display().to_string();
    run(&as_server(&["mkdir", "-m", "0700", &socket]))?;
    run(&as_server(&[&initdb, "-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]))?;

    let postgres = bin.join("postgres").display().to_string();
    let sockets = format!("unix_socket_directories={socket}");
    let mut words = vec![postgres.as_str(), "-D", &data];
    for setting in SETTINGS.iter().chain(settings).chain([&sockets.as_str()]) {
        words.extend(["-c", *setting]);
    }
    Ok(as_server(&words))
}

/// The URL of a database of the cluster in this folder.
pub(super) fn url(cluster: &Path) -> String {
    let host = cluster.join("socket").display().to_string().replace('/', "%2F");
    format!("postgres://postgres@{host}:5432/postgres")
}

/// The server writes `ready` into the last line of its pid file once it takes connections.
fn wait_until_ready(pid_file: &Path, base: &Path) -> Result<(), String> {
    let deadline = Instant::now() + START_TIMEOUT;
    while Instant::now() < deadline {
        if fs::read_to_string(pid_file).is_ok_and(|text| text.lines().last().unwrap_or_default().trim() == "ready") {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let log = fs::read_to_string(base.join("server.log")).unwrap_or_default();
    Err(format!("the server is not ready after {START_TIMEOUT:?}:\n{log}"))
}

fn lock_file(path: &Path) -> Result<File, String> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    file.map_err(|error| format!("{}: {error}", path.display()))
}

/// The folder with `initdb` and `postgres`: on the path, or where Debian keeps them (the newest).
pub(super) fn binaries() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(complete);
    on_path.or_else(|| {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
        let folders = versions.map(|version| version.path().join("bin")).filter(complete);
        folders.max_by_key(|bin| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok())
    })
}

fn run(words: &[String]) -> Result<(), String> {
    let (program, arguments) = words.split_first().expect("a command has a first word");
    output(program, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
}

pub(super) fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let done = Command::new(program).args(arguments).current_dir("/").stdin(Stdio::null()).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    if !done.status.success() {
        return Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr)));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
