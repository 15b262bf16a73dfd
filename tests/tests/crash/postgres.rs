//! PostgreSQL killed, stopped and restarted under load: trading goes on, and the rows follow.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cx_store::testing::OwnServer;
use cx_tests::client::{Client, expect};
use cx_tests::server::{Launch, PATIENCE, Server};
use reqwest::StatusCode;
use serde_json::Value;

use crate::campaign::{DEMO_DOLLARS, verify};
use crate::crew::Crew;
use crate::setting;
use crate::tally::{Progress, Table};

/// Each way twice would take `make test` too long.
const ROUNDS: usize = 2;

/// What happens to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Kill -9 of its main process; it stays away for a while.
    Killed,
    /// Stopped in order; it stays away for a while.
    Stopped,
    /// Stopped and started at once.
    Restarted,
    /// Killed together with the exchange.
    Both,
}

const WAYS: [Way; 4] = [Way::Killed, Way::Both, Way::Stopped, Way::Restarted];

async fn health(url: &str) -> Value {
    expect(StatusCode::OK, Client::new(url).get("/api/health").await)
}

/// Asks the server until the database has everything that was released.
async fn caught_up(server: &Server) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let health = health(&server.url).await;
        if health["status"] == "healthy" && health["services"]["sink"]["lag"] == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "the sink did not catch up: {health:#}\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Puts load on the server while the database suffers. Gives the crew, and the server if it still runs.
async fn suffer(way: Way, crew: Crew, server: Server, database: &mut OwnServer) -> (Crew, Option<Server>) {
    let progress = Arc::new(Progress::default());
    let working = crew.work(&server.url, &progress);
    progress.reach(200).await;
    let server = match way {
        Way::Killed | Way::Stopped => {
            if way == Way::Killed {
                database.kill()
            } else {
                database.stop()
            }
            // Trading goes on while nobody writes rows.
            progress.reach(progress.count() + 300).await;
            let degraded = health(&server.url).await;
            assert_eq!(degraded["services"]["database"]["status"], "unhealthy", "{degraded:#}");
            assert_eq!(degraded["services"]["engine"]["status"], "healthy", "{degraded:#}");
            database.start();
            Some(server)
        }
        Way::Restarted => {
            database.stop();
            database.start();
            progress.reach(progress.count() + 200).await;
            Some(server)
        }
        Way::Both => {
            database.kill();
            progress.reach(progress.count() + 100).await;
            server.kill().await;
            database.start();
            None
        }
    };
    progress.end();
    (working.rest().await, server)
}

async fn rounds(data: &Path, database: &mut OwnServer, count: usize) -> Table {
    let url = database.url();
    let launch = Launch::on(data).env("DATABASE_URL", &url).env("CX_SNAPSHOT_SECONDS", "1");
    let mut server = launch.clone().flag("--demo").start().await.unwrap();
    let mut crew = Crew::hire(&server.url, setting("CX_CRASH_SEED", 0x5EED_0006)).await;
    let mut table = Table::default();
    for (round, (place, way)) in (0..count).zip(WAYS.iter().copied().enumerate().cycle()) {
        let (rested, running) = suffer(way, crew, server, database).await;
        crew = rested;
        let back = Instant::now();
        server = match running {
            Some(server) => server,
            None => launch.start().await.unwrap(),
        };
        caught_up(&server).await;
        let took = back.elapsed();
        let tally = crew.check(&server.url).await;
        eprintln!("round {round}, {way:?}: {} acknowledged, caught up after {took:?}", tally.acknowledged);
        let name = ["killed", "killed with it", "stopped", "restarted"][place];
        table.add(place, name, &tally, took);
    }
    let ended = server.stop().await;
    assert!(ended.status.success(), "{}", ended.stderr);
    verify(data, &[("DATABASE_URL", url.as_str())]).await;
    crew.check_all(data, &url, DEMO_DOLLARS).await;
    println!("{table}{} orders found once in journal and rows", crew.acknowledged());
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trading_goes_on_while_postgres_dies_and_the_rows_follow() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = OwnServer::start_new();
    let table = rounds(folder.path(), &mut database, setting("CX_CRASH_POSTGRES_ROUNDS", ROUNDS)).await;
    assert!(table.total().acknowledged > 500, "{table}");
}
