//! A PostgreSQL server of one test's own, to be killed, stopped and started again.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::cluster::{self, MISSING, START_TIMEOUT};

/// A server with a cluster of its own, which goes away with this value. Its commits survive the death of its processes.
#[derive(Debug)]
pub struct OwnServer {
    folder: TempDir,
    /// Its command line.
    words: Vec<String>,
    running: Option<Child>,
}

impl OwnServer {
    /// Makes the cluster and starts the server. Panics when PostgreSQL is not installed.
    pub fn start_new() -> Self {
        let bin = cluster::binaries().expect(MISSING);
        let root = cluster::output("id", &["-u"]).expect("id can be run") == "0";
        let folder = TempDir::new().expect("a temporary folder can be made");
        // The server runs as another user when the tests run as root.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let words = cluster::create(&folder.path().join("cluster"), &bin, root, &["synchronous_commit=on"]);
        let words = words.unwrap_or_else(|error| panic!("the cluster cannot be made: {error}"));
        let mut server = Self { folder, words, running: None };
        server.start();
        server
    }

    /// Where its database is, for [`crate::Store::connect`] or a server under test.
    pub fn url(&self) -> String {
        cluster::url(&self.cluster())
    }

    /// Starts it and waits until it takes connections. After a kill it may have to be tried again: the orphans of the dead
    /// server hold its memory until they notice.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "it runs");
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            let log = File::create(self.log()).expect("the log can be written");
            let mut command = Command::new(&self.words[0]);
            command.args(&self.words[1..]).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            let mut child = command.spawn().expect("the server can be started");
            if self.is_ready(&mut child, deadline) {
                self.running = Some(child);
                return;
            }
        }
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        panic!("the server is not ready after {START_TIMEOUT:?}:\n{log}");
    }

    /// Kills its main process; the others follow by themselves.
    pub fn kill(&mut self) {
        let mut child = self.running.take().expect("it runs");
        child.kill().and_then(|()| child.wait()).expect("it is our child");
    }

    /// Stops it in order, without waiting for clients.
    pub fn stop(&mut self) {
        let mut child = self.running.take().expect("it runs");
        cluster::output("kill", &["-INT", &child.id().to_string()]).expect("it is our child");
        child.wait().expect("it is our child");
    }

    /// Whether it takes connections; `false` when it has ended instead.
    fn is_ready(&self, child: &mut Child, deadline: Instant) -> bool {
        let own = child.id().to_string();
        while Instant::now() < deadline {
            // What a killed server left says `ready` too. It must stay: by it the next one sees the orphans.
            let status = fs::read_to_string(self.cluster().join("data/postmaster.pid")).unwrap_or_default();
            let mut lines = status.lines().map(str::trim);
            if lines.next() == Some(&own) && lines.last() == Some("ready") {
                return true;
            }
            if child.try_wait().expect("it is our child").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn cluster(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}
