//! The real server as a process of its own, on a free port of the loopback and a throw-away data folder.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The first admin's address and password in every test.
pub const ADMIN: (&str, &str) = ("admin@venue.example", "Adm1n!of-the-venue");

/// How long a start or stop may take on a busy machine before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Where the build put the program. Cargo gives its path only to tests of its own package, so it is found beside this test.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in deps/ below the programs");
    let program = folder.join("carbonxchange");
    assert!(
        program.is_file(),
        "{} is missing: build it first (`make test` does; by hand: cargo build --release --workspace --bins)",
        program.display()
    );
    program
}

/// A command of the program without the settings that this process happens to carry.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CX_") || name == "DATABASE_URL" || name == "RUST_LOG" {
            command.env_remove(name.as_ref());
        }
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a command of the program to its end.
pub async fn run(arguments: &[&str]) -> Output {
    let output = timeout(PATIENCE, command(arguments).output()).await;
    output.expect("the command ends").expect("the program can be started")
}

/// [`run`] with variables of the environment.
pub async fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let output = timeout(PATIENCE, command(arguments).envs(environment.iter().copied()).output()).await;
    output.expect("the command ends").expect("the program can be started")
}

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    data: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Launch {
    /// A server on this data folder, with the first admin of [`ADMIN`] and without rate limits.
    pub fn on(data: &Path) -> Self {
        let environment = [("CX_RATE_LIMITS", "off"), ("CX_ADMIN_EMAIL", ADMIN.0), ("CX_ADMIN_PASSWORD", ADMIN.1)];
        Self {
            data: data.to_owned(),
            arguments: Vec::new(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }

    /// With another flag.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.arguments.push(flag.to_owned());
        self
    }

    /// With a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and waits until it is ready. When it ends before that, gives its end instead.
    pub async fn start(&self) -> Result<Server, Ended> {
        let mut command = command(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(&self.data).args(&self.arguments).envs(self.environment.iter().cloned());
        let mut child = command.spawn().expect("the program can be started");
        let stderr = Collected::from(child.stderr.take().expect("stderr is a pipe"));
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        let mut stdout = String::new();
        let ready = timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await.expect("stdout is text") {
                stdout.push_str(&line);
                stdout.push('\n');
                if let Some(url) = line.strip_prefix("listening on ") {
                    return Some(url.to_owned());
                }
            }
            None
        });
        match ready.await {
            Ok(Some(url)) => {
                // Whoever reads stdout must go on reading, or the server would block on a full pipe.
                let rest = tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                Ok(Server { child, url, stdout, stderr, _rest: rest })
            }
            Ok(None) => {
                let status = child.wait().await.expect("the program was started");
                Err(Ended { status, stderr: stderr.whole().await })
            }
            Err(elapsed) => panic!("the server was not ready within {PATIENCE:?} ({elapsed}):\n{}", stderr.text()),
        }
    }
}

/// How a server ended.
#[derive(Debug)]
pub struct Ended {
    /// With which status.
    pub status: ExitStatus,
    /// What it had to say.
    pub stderr: String,
}

/// A running server. Dropping it kills it at once.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// What it printed until it was ready.
    pub stdout: String,
    stderr: Collected,
    _rest: JoinHandle<()>,
}

impl Server {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.stderr.text()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.pid()).expect("process ids fit");
        let sent = std::process::Command::new("kill").arg(format!("-{signal}")).arg(pid.to_string()).status();
        assert!(sent.expect("kill can be run").success(), "signal {signal} to {pid}");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(mut self) -> Ended {
        let waited = timeout(PATIENCE, self.child.wait()).await;
        let Ok(status) = waited else { panic!("the server did not end within {PATIENCE:?}:\n{}", self.log()) };
        Ended { status: status.expect("the program was started"), stderr: self.stderr.whole().await }
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(self) -> Ended {
        self.signal(libc::SIGTERM);
        self.ended().await
    }

    /// Kills it as a power cut of the process would: no handler runs.
    pub async fn kill(self) {
        self.signal(libc::SIGKILL);
        drop(self.ended().await);
    }
}

/// A stream that is read to its end in the background.
#[derive(Debug)]
struct Collected {
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Collected {
    fn from(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&text);
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = sink.lock().expect("nobody panics while collecting");
                text.push_str(&line);
                text.push('\n');
            }
        });
        Self { text, reader }
    }

    fn text(&self) -> String {
        self.text.lock().expect("nobody panics while collecting").clone()
    }

    async fn whole(self) -> String {
        self.reader.await.expect("the reader does not panic");
        self.text.lock().expect("nobody panics while collecting").clone()
    }
}
