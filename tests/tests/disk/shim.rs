//! Programs on a disk that is watched: the preloaded library of `tests/shim/disk.c`, compiled once a run.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use tempfile::TempDir;

/// The victim: pipeline and journal without a gateway.
pub const VICTIM: &str = env!("CARGO_BIN_EXE_journal_victim");

static LIBRARY: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/disk.c");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut compile = Command::new(&compiler);
    compile.args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]);
    let compiled = compile.arg(dir.path().join("disk.so")).arg(source).arg("-lpthread").output();
    let compiled = compiled.unwrap_or_else(|error| panic!("no C compiler ({compiler}): {error}; `.ci/need build` installs one"));
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    dir
});

/// A folder that is watched, and where the log of it is kept.
pub struct Watched {
    /// What is watched; the data folder lies in it.
    pub root: PathBuf,
    logs: TempDir,
}

impl Watched {
    pub fn new(root: &Path) -> Self {
        Self { root: root.canonicalize().unwrap(), logs: tempfile::tempdir().unwrap() }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The log.
    pub fn log(&self) -> PathBuf {
        self.logs.path().join("log")
    }

    /// The file that arms faults when [`Watched::environment`] was asked for that.
    pub fn armed(&self) -> PathBuf {
        self.logs.path().join("armed")
    }

    /// What a program needs in its environment to be watched.
    pub fn environment(&self, faults: &str, is_armed_by_file: bool) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut environment = BTreeMap::from([
            ("LD_PRELOAD".to_owned(), text(&LIBRARY.path().join("disk.so"))),
            ("CX_DISK_ROOT".to_owned(), text(&self.root)),
            ("CX_DISK_LOG".to_owned(), text(&self.log())),
            ("CX_DISK_FAULTS".to_owned(), faults.to_owned()),
        ]);
        if is_armed_by_file {
            environment.insert("CX_DISK_ARMED".to_owned(), text(&self.armed()));
        }
        environment
    }

    /// Starts the victim on the data folder.
    pub fn victim(&self, arguments: &[&str], faults: &str) -> Victim {
        let mut command = Command::new(VICTIM);
        command.arg(self.data()).args(arguments).envs(self.environment(faults, false));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Victim { child, lines }
    }
}

/// A running victim.
pub struct Victim {
    child: Child,
    lines: BufReader<ChildStdout>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stderr: String,
    /// Orders acknowledged, as far as they were read.
    pub acked: u64,
}

impl Victim {
    /// Reads acknowledgements until there were `orders`, or it has ended. Gives how many there were.
    pub fn read(&mut self, orders: u64) -> u64 {
        let (mut line, mut seen) = (String::new(), 0);
        while seen < orders && self.lines.read_line(&mut line).unwrap() > 0 {
            seen += u64::from(line.starts_with("acked "));
            line.clear();
        }
        seen
    }

    /// Kills it once it has acknowledged so many orders.
    pub fn kill_after(mut self, orders: u64) -> Ended {
        let acked = self.read(orders);
        self.child.kill().unwrap();
        self.end(acked)
    }

    /// Takes its standard output away once it has acknowledged so many orders, upon which it ends by itself.
    pub fn close_after(mut self, orders: u64) -> Ended {
        let acked = self.read(orders);
        let Self { mut child, lines } = self;
        drop(lines);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Ended { status: child.wait().unwrap(), stderr, acked }
    }

    /// Reads it to its end, which it must find by itself before so many orders.
    pub fn until_it_ends(mut self, orders: u64) -> Ended {
        let acked = self.read(orders);
        if acked == orders {
            self.child.kill().unwrap();
        }
        self.end(acked)
    }

    fn end(mut self, acked: u64) -> Ended {
        // Both pipes to their ends, or it might wait for a reader.
        let mut stderr = self.child.stderr.take().unwrap();
        let rest = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        std::io::copy(&mut self.lines, &mut std::io::sink()).unwrap();
        Ended { status: self.child.wait().unwrap(), stderr: rest.join().unwrap(), acked }
    }
}
