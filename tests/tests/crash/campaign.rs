//! The real server under load, killed at random moments and at every named place, over and over on one data folder.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cx_failpoint::{Failpoint, Point};
use cx_tests::server::{Ended, Launch, Server, run_with};
use tempfile::TempDir;

use crate::Random;
use crate::crew::Crew;
use crate::tally::{Progress, Table, Tally};

/// Dollars that the demonstration's people bring.
pub const DEMO_DOLLARS: u64 = 2_100_000;

/// How a round ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From outside, after a random number of answers.
    Random,
    /// At a named place.
    At(Point),
}

impl Way {
    /// A random moment, then every place.
    fn all() -> impl Iterator<Item = Self> + Clone {
        std::iter::once(Self::Random).chain(Point::ALL.iter().map(|&point| Self::At(point)))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::At(point) => point.name(),
        }
    }
}

/// When a place is passed for which time, at random but not too late.
fn count(point: Point, random: &mut Random) -> u64 {
    let most = match point {
        Point::Parsed => 600,
        Point::InRing | Point::Written | Point::Synced | Point::Released => 250,
        Point::SqlUncommitted | Point::SqlCommitted => 40,
        Point::SnapshotHalf | Point::SnapshotWritten | Point::SnapshotRenamed => 2,
        Point::RecoveryHalf | Point::RecoveryEvents | Point::Closing | Point::Stopped => 1,
    };
    1 + random.below(most)
}

/// One data folder and everybody who works on it.
pub struct Campaign {
    folder: TempDir,
    launch: Launch,
    crew: Option<Crew>,
    random: Random,
    pub table: Table,
}

impl Campaign {
    pub async fn begin(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let launch = Launch::on(folder.path()).env("CX_SNAPSHOT_SECONDS", "1");
        // Real projects and a market maker come with the demonstration; it is made once and stays.
        let server = launch.clone().flag("--demo").start().await.unwrap();
        let crew = Some(Crew::hire(&server.url, seed).await);
        server.kill().await;
        Self { folder, launch, crew, random: Random(seed), table: Table::default() }
    }

    fn crew(&mut self) -> &mut Crew {
        self.crew.as_mut().unwrap()
    }

    /// Rounds that end in each way in turn.
    pub async fn rounds(&mut self, count: usize) {
        for (round, way) in (0..count).zip(Way::all().cycle()) {
            let began = Instant::now();
            self.load_and_die(way).await;
            verify_copy(self.folder.path()).await;
            let (tally, restart) = self.restart_and_check().await;
            eprintln!(
                "round {round}, {}: {} acknowledged, {} kept, {} lost, {:?}",
                way.name(),
                tally.acknowledged,
                tally.kept,
                tally.lost,
                began.elapsed()
            );
            let place = Way::all().position(|other| other == way).unwrap();
            self.table.add(place, way.name(), &tally, restart);
        }
    }

    /// Puts load on a server until it dies.
    async fn load_and_die(&mut self, way: Way) {
        let failpoint = match way {
            Way::Random => None,
            Way::At(point) => Some(Failpoint { point, count: count(point, &mut self.random) }),
        };
        let more = 1 + self.random.index(400);
        let armed = failpoint.map(|failpoint| self.launch.clone().env("CX_FAILPOINT", &failpoint.to_string()));
        let (Some(Failpoint { point, .. }), Some(armed)) = (failpoint, armed) else {
            return self.load_and_kill(more).await;
        };
        match point {
            Point::RecoveryHalf | Point::RecoveryEvents => {
                self.load_and_kill(more).await;
                let ended = armed.start().await.expect_err("it dies while it recovers");
                assert_died_at(point, &ended);
            }
            Point::Closing | Point::Stopped => {
                let server = armed.start().await.unwrap();
                let ended = self.load(server, more, async |server: Server| server.stop().await).await;
                assert_died_at(point, &ended);
            }
            _ => {
                let ended = match armed.start().await {
                    // The sink may pass its places before the server listens.
                    Err(ended) => ended,
                    Ok(server) => self.load(server, 0, async |server: Server| server.ended().await).await,
                };
                assert_died_at(point, &ended);
            }
        }
    }

    async fn load_and_kill(&mut self, more: usize) {
        let server = self.launch.start().await.unwrap();
        self.load(server, more, async |server: Server| server.kill().await).await;
    }

    /// Puts load on a server, ends it after so many answers, and waits until everybody has noticed.
    async fn load<T>(&mut self, server: Server, more: usize, end: impl AsyncFnOnce(Server) -> T) -> T {
        let progress = Arc::new(Progress::default());
        let working = self.crew.take().unwrap().work(&server.url, &progress);
        progress.reach(more).await;
        let ended = end(server).await;
        self.crew = Some(working.rest().await);
        ended
    }

    /// Starts a server as it would be started after a crash, lets everybody look, and kills it again. Gives what they found,
    /// and how long the start took.
    async fn restart_and_check(&mut self) -> (Tally, Duration) {
        let began = Instant::now();
        let server = self.launch.start().await.unwrap();
        let restart = began.elapsed();
        let tally = self.crew().check(&server.url).await;
        server.kill().await;
        (tally, restart)
    }

    /// Stops in order and looks at everything once more.
    pub async fn end(mut self) {
        let server = self.launch.start().await.unwrap();
        let ended = server.stop().await;
        assert!(ended.status.success(), "{}", ended.stderr);
        verify(self.folder.path(), &[]).await;
        let database = format!("sqlite:{}", self.folder.path().join("store.sqlite").display());
        let crew = self.crew.take().unwrap();
        crew.check_all(self.folder.path(), &database, DEMO_DOLLARS).await;
        println!("{}{} orders found once in journal and rows", self.table, crew.acknowledged());
    }

    /// Loads a server and kills it, but puts the folder back as it was before the load: what a crash would leave of a server
    /// that acknowledges before it writes. The next check must find that.
    pub async fn lose_what_was_acknowledged(&mut self) {
        let kept = tempfile::tempdir().unwrap();
        copy(self.folder.path(), kept.path());
        self.load_and_kill(300).await;
        std::fs::remove_dir_all(self.folder.path()).unwrap();
        copy(kept.path(), self.folder.path());
    }

    pub async fn check(&mut self) {
        self.restart_and_check().await;
    }
}

fn assert_died_at(point: Point, ended: &Ended) {
    let Ended { status, stderr } = ended;
    assert_eq!(status.signal(), Some(libc::SIGKILL), "{point}: {status}\n{stderr}");
    assert!(stderr.contains(&format!("failpoint {point}: ")), "{point}:\n{stderr}");
}

/// All checks of `carbonxchange verify`.
pub async fn verify(data: &Path, environment: &[(&str, &str)]) {
    let output = run_with(&["verify", "--data", data.to_str().unwrap()], environment).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
}

/// The same on a copy: verification recovers, and what a crash left is for the next start to recover.
async fn verify_copy(data: &Path) {
    let kept = tempfile::tempdir().unwrap();
    copy(data, kept.path());
    verify(kept.path(), &[]).await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to)
        } else {
            drop(std::fs::copy(entry.path(), to).unwrap())
        }
    }
}
