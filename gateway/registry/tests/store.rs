//! Importing and issuing on real databases.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use cx_engine::ids::AccountId;
use cx_registry::issue::{IssueError, NewIssue, Opened, issue_command};
use cx_registry::{ImportReport, Options, Policy, Source, import};
use cx_store::idempotency::{Answer, IdempotencyKey};
use cx_store::identity::{NewUser, Users};
use cx_store::registry::{CreditFilter, CreditRecord, ProjectContent, ProjectFilter};
use cx_store::testing::TestDatabase;
use cx_store::{PageRequest, Store};
use tempfile::TempDir;

const HEADER: &str = "project,name,project_type,registry_type,country,methodology,developer,sdgs,vintage,vintage_start,\
    vintage_end,issued_on,quantity,buffer,cancelled,serial_number,status,ended_on,labels";

/// Files that go away with this value.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn put(&self, name: &str, header: &str, rows: &[String]) -> Source {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        Source::Path(path)
    }

    fn facts(&self, name: &str, rows: &[String]) -> Source {
        self.put(name, HEADER, rows)
    }
}

fn block(first: u64, last: u64, status: &str) -> String {
    let (quantity, ended) = (last - first + 1, if status == "active" { "" } else { "2026-01-31" });
    format!(
        "VCS-42,Made-up dam,renewable_energy,Energy,KE,ACM0002,,13,2020,2020-01-01,2020-12-31,2025-01-31,{quantity},,,\
         7-{first}-{last}-VCS-VCU-15-VER-KE-1-42-01012020-31122020-1,{status},{ended},Social Carbon"
    )
}

async fn take(db: &TestDatabase, source: &Source) -> ImportReport {
    import(&db.store, std::slice::from_ref(source), Options::default()).await.unwrap()
}

/// First and last number, state, and day of the end of every block, by number.
async fn blocks(db: &TestDatabase) -> Vec<(u64, u64, String, Option<String>)> {
    let all = db.store.credits().list(&CreditFilter::default(), PageRequest::new(1, 100)).await.unwrap();
    let mut blocks: Vec<_> =
        all.items.into_iter().map(|b| (b.first_number, b.last_number, b.status, b.ended_on)).collect();
    blocks.sort();
    blocks
}

fn text(first: u64, last: u64, status: &str) -> (u64, u64, String, Option<String>) {
    (first, last, status.to_owned(), (status != "active").then(|| "2026-01-31".to_owned()))
}

async fn user(db: &TestDatabase) -> i64 {
    let new = NewUser {
        uuid: "6f2b7f0a-0000-4000-8000-000000000001",
        email: "seller@example.org",
        email_verified: true,
        password_hash: "x",
        first_name: "A",
        last_name: "B",
        phone_number: None,
        company_name: "",
        role: "individual",
        status: "active",
        risk_level: "low",
        mail: None,
    };
    Users::new(db.store.clone()).create(&new).await.unwrap().id
}

fn issue_of(project_id: i64, owner_id: i64, first: u64, last: u64) -> NewIssue {
    NewIssue {
        project_id,
        serial_number: format!("7-{first}-{last}-VCS-VCU-15-VER-KE-1-42-01012020-31122020-1"),
        year: 2020,
        quantity: last - first + 1,
        owner_id: Some(owner_id),
        price: Some(73_500),
        price_currency: "USD".to_owned(),
        verification_body: "Auditors".to_owned(),
        verified_on: None,
        additionality: true,
        labels: Vec::new(),
        created_by: owner_id,
    }
}

async fn open(store: &Store, new: &NewIssue) -> Result<CreditRecord, IssueError> {
    match cx_registry::issue::open(store, new, None).await? {
        Opened::New(credit) => Ok(credit),
        other => panic!("{other:?}"),
    }
}

async fn project_row(db: &TestDatabase) -> i64 {
    db.store.projects().by_number("VCS", "42").await.unwrap().unwrap().id
}

async fn the_shipped_table_is_imported_once(db: &TestDatabase) {
    let report = take(db, &Source::Shipped).await;
    assert_eq!((report.refused(), report.files.len()), (0, 1));
    assert!(report.accepted() >= 60 && report.projects >= 40, "{report:?}");
    assert!(report.listings.len() >= 40 && report.listings.iter().all(|listing| listing.available > 0));

    let again = take(db, &Source::Shipped).await;
    assert!(again.changed_nothing(), "{again:?}");
    assert_eq!(again.listings, report.listings);

    // However many blocks a scope gets in one transaction, its row is written once.
    assert_eq!(db.execute("UPDATE serial_scopes SET revision = 0 WHERE revision > 0").await, Ok(0));

    let counts = db.store.credits().counts().await.unwrap();
    let projects = u64::try_from(report.projects).unwrap();
    assert_eq!((counts.projects, counts.vintages), (projects, u64::try_from(report.vintages).unwrap()));
    for vintage in db.store.projects().all_vintages().await.unwrap() {
        let used = vintage.buffer + vintage.retired + vintage.cancelled;
        assert_eq!(vintage.available, vintage.issued.saturating_sub(used), "{vintage:?}");
    }
    let filter = ProjectFilter { project_type: Some("cookstoves".to_owned()), ..ProjectFilter::default() };
    let stoves = db.store.projects().list(&filter, PageRequest::new(1, 2)).await.unwrap();
    assert!(stoves.items.len() == 2 && stoves.total > 2);
    assert!(stoves.items.iter().all(|project| project.content.project_type == "cookstoves" && project.issued > 0));
}

async fn a_corrupt_row_imports_nothing(db: &TestDatabase) {
    let files = Files::new();
    let bad = block(101, 200, "active").replace(",100,", ",99,");
    let source = files.facts("bad.csv", &[block(1, 100, "active"), bad, block(201, 300, "active")]);
    let report = take(db, &source).await;
    assert_eq!((report.accepted(), report.refused()), (2, 1));
    assert!(!report.files[0].imported && report.changed_nothing());
    let refusal = report.files[0].refusals[0].to_string();
    assert!(refusal.ends_with("bad.csv:3: the quantity is 99, the serial numbers 101 to 200 are 100"), "{refusal}");
    let counts = db.store.credits().counts().await.unwrap();
    assert_eq!((counts.projects, counts.vintages, counts.credits), (0, 0, 0));

    let options = Options { policy: Policy::SkipBadRows, dry_run: true };
    let dry = import(&db.store, std::slice::from_ref(&source), options).await.unwrap();
    assert_eq!((dry.projects, dry.blocks), (1, 2));
    assert_eq!(db.store.credits().counts().await.unwrap().credits, 0, "a dry run changes nothing");

    let skipping = Options { dry_run: false, ..options };
    import(&db.store, &[source], skipping).await.unwrap();
    assert_eq!(blocks(db).await, [text(1, 100, "active"), text(201, 300, "active")]);
}

async fn what_is_used_later_splits_its_block(db: &TestDatabase) {
    let files = Files::new();
    take(db, &files.facts("issued.csv", &[block(1, 100, "active"), block(101, 150, "active")])).await;
    let used =
        files.facts("used.csv", &[block(11, 20, "retired"), block(91, 110, "cancelled"), block(200, 200, "retired")]);
    let report = take(db, &used).await;
    assert_eq!((report.refused(), report.blocks), (0, 3));
    let expected = [
        text(1, 10, "active"),
        text(11, 20, "retired"),
        text(21, 90, "active"),
        text(91, 100, "cancelled"),
        text(101, 110, "cancelled"),
        text(111, 150, "active"),
        text(200, 200, "retired"),
    ];
    assert_eq!(blocks(db).await, expected);
    let vintages = db.store.projects().all_vintages().await.unwrap();
    let [vintage] = vintages.as_slice() else { panic!("{vintages:?}") };
    let sums = (vintage.issued, vintage.retired, vintage.cancelled, vintage.available);
    assert_eq!(sums, (151, 11, 20, 120));
    assert!(take(db, &used).await.changed_nothing());
    assert_eq!(blocks(db).await, expected);
}

async fn a_listing_replaces_what_a_mention_said(db: &TestDatabase) {
    let files = Files::new();
    take(db, &files.facts("facts.csv", &[block(1, 100, "active")])).await;
    let header = "ID,Name,Proponent,Project Type,AFOLU Activities,Methodology,Status,Country/Area,\
        Estimated Annual Emission Reductions,Project Registration Date,Crediting Period Start Date,Crediting Period End Date";
    let row = |status: &str| {
        format!("42,Dam of Kenya,Nobody,Energy industries,,ACM0002,{status},Kenya,\"1,000\",,2019-01-01,2028-12-31")
    };
    take(db, &files.put("listed.csv", header, &[row("Registered")])).await;

    let id = project_row(db).await;
    let project = db.store.projects().by_id(id).await.unwrap().unwrap();
    let content = &project.content;
    assert_eq!((content.name.as_str(), content.status.as_str()), ("Dam of Kenya", "registered"));
    assert_eq!((content.annual_reductions, content.sdgs.as_slice()), (Some(1_000), &[13][..]));
    assert_eq!((project.issued, project.available), (100, 100));

    // What staff say stays when the mention comes again, and what no registry says stays always.
    let edited = ProjectContent { overall_risk: "low".to_owned(), name: "Our dam".to_owned(), ..content.clone() };
    db.store.projects().update(id, &edited).await.unwrap();
    assert!(take(db, &files.facts("facts.csv", &[block(1, 100, "active")])).await.changed_nothing());
    take(db, &files.put("listed.csv", header, &[row("Withdrawn")])).await;
    let content = db.store.projects().by_id(id).await.unwrap().unwrap().content;
    assert_eq!((content.name.as_str(), content.overall_risk.as_str()), ("Dam of Kenya", "low"));
    assert_eq!(content.status, "cancelled");
}

async fn a_block_is_issued_once(db: &TestDatabase) {
    let files = Files::new();
    take(db, &files.facts("facts.csv", &[block(1, 100, "active"), block(101, 200, "retired")])).await;
    let (project, owner) = (project_row(db).await, user(db).await);
    let store = &db.store;

    // New numbers.
    let opened = open(store, &issue_of(project, owner, 301, 400)).await.unwrap();
    assert_eq!(opened.status, "pending");
    assert_eq!(store.credits().pending().await.unwrap(), std::slice::from_ref(&opened));
    let active = store.credits().activate(opened.id).await.unwrap();
    assert_eq!((active.quantity, active.owner_id, active.price), (100, Some(owner), Some(73_500)));
    store.credits().activate(opened.id).await.unwrap();

    // A part of a block that its registry publishes as unused.
    let opened = open(store, &issue_of(project, owner, 41, 60)).await.unwrap();
    store.credits().activate(opened.id).await.unwrap();
    let expected = [
        text(1, 40, "active"),
        text(41, 60, "active"),
        text(61, 100, "active"),
        text(101, 200, "retired"),
        (301, 400, "active".to_owned(), None),
    ];
    assert_eq!(blocks(db).await, expected);

    for (first, last, status) in
        [(41, 60, "active"), (55, 65, "active"), (30, 50, "active"), (150, 150, "retired"), (1, 300, "active")]
    {
        match open(store, &issue_of(project, owner, first, last)).await {
            Err(IssueError::Taken { status: found, .. }) => assert_eq!(found.as_str(), status, "{first} to {last}"),
            other => panic!("{first} to {last}: {other:?}"),
        }
    }
    assert_eq!(blocks(db).await, expected, "a refusal changes nothing");

    // Refused by the exchange: what was known goes back, what was not goes away.
    for first in [1, 500] {
        let opened = open(store, &issue_of(project, owner, first, first + 9)).await.unwrap();
        store.credits().give_up(opened.id).await.unwrap();
    }
    store.credits().give_up(active.id).await.unwrap();
    let after = blocks(db).await;
    assert_eq!(after[..2], [text(1, 10, "active"), text(11, 40, "active")]);
    assert_eq!(after.len(), expected.len() + 1);
    let held = CreditFilter { held: Some(true), ..CreditFilter::default() };
    assert_eq!(store.credits().list(&held, PageRequest::default()).await.unwrap().total, 2);

    // A registry that says our block is retired is not believed without somebody looking.
    let report = take(db, &files.facts("used.csv", &[block(50, 50, "retired")])).await;
    assert!(report.files[0].refusals[0].to_string().contains("are held in block"), "{report:?}");
}

async fn an_issue_must_agree_with_its_serial(db: &TestDatabase) {
    let files = Files::new();
    take(db, &files.facts("facts.csv", &[block(1, 100, "active")])).await;
    let (project, owner) = (project_row(db).await, user(db).await);
    let good = issue_of(project, owner, 301, 400);
    let cases = [
        (NewIssue { quantity: 99, ..good.clone() }, "the quantity is 99, the serial numbers 301 to 400 are 100"),
        (NewIssue { quantity: 0, ..good.clone() }, "the quantity must be between"),
        (NewIssue { year: 2021, ..good.clone() }, "the row is of vintage 2021, the serial of 2020"),
        (NewIssue { year: 1066, ..good.clone() }, "the vintage must lie between"),
        (NewIssue { project_id: 999, ..good.clone() }, "the project does not exist"),
        (NewIssue { serial_number: String::new(), ..good.clone() }, "the serial number is empty"),
        (
            NewIssue { serial_number: "ACR-US-42-2020-1-1 to 100".to_owned(), ..good.clone() },
            "the row is of project VCS-42, the serial of project ACR-42",
        ),
    ];
    for (new, expected) in cases {
        let error = open(&db.store, &new).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(db.store.credits().counts().await.unwrap().credits, 1);

    // An opaque serial says nothing, so nothing can contradict it; it is taken as a whole or not at all.
    let opaque = NewIssue { serial_number: "iss_1KP6EDZ8K1S036PY".to_owned(), ..good };
    let opened = open(&db.store, &opaque).await.unwrap();
    assert_eq!((opened.first_number, opened.last_number), (1, 100));
    assert!(matches!(open(&db.store, &NewIssue { quantity: 7, ..opaque }).await, Err(IssueError::Taken { .. })));

    let credit = CreditRecord { owner_id: None, ..opened };
    assert_eq!(issue_command(&credit, cx_engine::ids::AssetId::new(1)), None, "nobody's block credits nobody");
}

async fn the_same_request_enters_its_block_once(db: &TestDatabase) {
    let files = Files::new();
    take(db, &files.facts("facts.csv", &[block(1, 100, "active")])).await;
    let (project, owner) = (project_row(db).await, user(db).await);
    let key = |body: u8| IdempotencyKey {
        account: AccountId::new(u32::try_from(owner).unwrap()),
        route: "POST /x".to_owned(),
        key: "k".to_owned(),
        body_hash: [body; 32],
    };
    let new = issue_of(project, owner, 301, 400);
    let open = async |body: u8| cx_registry::issue::open(&db.store, &new, Some(&key(body))).await.unwrap();
    let Opened::New(first) = open(1).await else { panic!("new") };
    assert_eq!(open(1).await, Opened::Again(first.clone()));
    assert_eq!(open(2).await, Opened::OtherBody);
    let answer = Answer { status: 201, body: "{}".to_owned() };
    db.store.idempotency().answer(&key(1), &answer).await.unwrap();
    assert_eq!(open(1).await, Opened::Answered(answer));
    assert_eq!(db.store.credits().counts().await.unwrap().credits, 2);

    // A refused request leaves its key free.
    let taken = issue_of(project, owner, 350, 450);
    let other = IdempotencyKey { key: "other".to_owned(), ..key(3) };
    assert!(cx_registry::issue::open(&db.store, &taken, Some(&other)).await.is_err());
    let good = issue_of(project, owner, 401, 450);
    assert!(matches!(cx_registry::issue::open(&db.store, &good, Some(&other)).await, Ok(Opened::New(_))));

    // Without an owner a block lies at its registry, and somebody may get it later.
    let nobody = NewIssue { owner_id: None, ..issue_of(project, owner, 501, 600) };
    let Ok(Opened::New(at_registry)) = cx_registry::issue::open(&db.store, &nobody, None).await else { panic!("new") };
    assert_eq!((at_registry.status.as_str(), at_registry.owner_id), ("active", None));
    assert!(matches!(cx_registry::issue::open(&db.store, &nobody, None).await, Err(IssueError::Taken { .. })));
    let part = issue_of(project, owner, 501, 510);
    let Ok(Opened::New(part)) = cx_registry::issue::open(&db.store, &part, None).await else { panic!("new") };
    assert_eq!((part.status.as_str(), part.owner_id), ("pending", Some(owner)));
}

async fn the_database_itself_guards_the_ledger(db: &TestDatabase) {
    let files = Files::new();
    take(db, &files.facts("facts.csv", &[block(1, 100, "active"), block(101, 200, "retired")])).await;
    let cases = [
        ("UPDATE credit_blocks SET first_number = 100, quantity = 101 WHERE first_number = 101", "overlap"),
        ("UPDATE credit_blocks SET last_number = 101, quantity = 101 WHERE first_number = 1", "overlap"),
        ("UPDATE credit_blocks SET status = 'active' WHERE status = 'retired'", "final"),
        ("DELETE FROM credit_blocks WHERE first_number = 1", "never deleted"),
        ("UPDATE credit_blocks SET quantity = 5 WHERE first_number = 1", "check constraint"),
        (
            "INSERT INTO credit_blocks (uuid, scope_id, vintage_id, serial_number, batch, first_number, last_number, \
             quantity, status, labels, created_at, updated_at) SELECT 'x', scope_id, vintage_id, 'x', batch, 50, 50, 1, \
             'active', '', 0, 0 FROM credit_blocks WHERE first_number = 1",
            "overlap",
        ),
    ];
    for (sql, expected) in cases {
        let refusal = db.execute(sql).await.unwrap_err().to_lowercase();
        assert!(refusal.contains(expected), "{sql}: {refusal}");
    }
}

async fn concurrent_issues_of_one_block_have_one_winner(db: &TestDatabase) {
    let files = Files::new();
    take(db, &files.facts("facts.csv", &[block(1, 100, "active")])).await;
    let (project, owner) = (project_row(db).await, user(db).await);
    let tasks: Vec<_> = (0..8)
        .map(|at| {
            let store = db.store.clone();
            // Some the same, some overlapping.
            tokio::spawn(async move { open(&store, &issue_of(project, owner, 301 + at % 2, 400)).await.is_ok() })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        winners += u32::from(task.await.unwrap());
    }
    assert_eq!(winners, 1);
}

cx_store::on_both_databases!(
    the_shipped_table_is_imported_once,
    a_corrupt_row_imports_nothing,
    what_is_used_later_splits_its_block,
    a_listing_replaces_what_a_mention_said,
    a_block_is_issued_once,
    an_issue_must_agree_with_its_serial,
    the_same_request_enters_its_block_once,
    the_database_itself_guards_the_ledger,
    concurrent_issues_of_one_block_have_one_winner,
);
