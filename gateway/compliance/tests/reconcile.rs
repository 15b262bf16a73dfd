//! A sound store has no findings, and every kind of damage has its own.
#![allow(clippy::unwrap_used)]

mod owners;

use cx_compliance::{Expectation, Finding, Measure, aml_summary, reconcile, standing_of};
use cx_engine::ids::{AccountId, AssetId, Seq, TradeId};
use cx_engine::{EventRecord, Exchange};
use cx_store::sink::Sink;
use cx_store::testing::TestDatabase;
use cx_store::testing::flow::Flow;
use cx_store::{Backend, StoreError};

use owners::owners;

/// A venue after some trading, of which the store has the first `applied` commands.
async fn venue(db: &TestDatabase, applied: u64) -> (Flow, Vec<EventRecord>) {
    owners(db, 1..=8).await;
    let (mut flow, mut events) = Flow::funded(31);
    events.extend(flow.next(1_500));
    let upto = events.partition_point(|record| record.seq.get() <= applied);
    Sink::open(db.store.clone()).await.unwrap().apply(&events[..upto]).await.unwrap();
    (flow, events)
}

async fn expected(db: &TestDatabase, events: &[EventRecord]) -> Expectation {
    let mut expectation = Expectation::at(db.store.sink_cursor().await.unwrap());
    for record in events {
        expectation.observe(record);
    }
    expectation
}

async fn findings(db: &TestDatabase, events: &[EventRecord], exchange: &Exchange) -> Vec<Finding> {
    let expectation = expected(db, events).await;
    reconcile(&db.store, &expectation, exchange).await.unwrap().findings
}

/// Changes what must not change.
async fn tamper(db: &TestDatabase, statement: &str) {
    if db.store.backend() == Backend::Postgres {
        db.execute("ALTER TABLE trades DISABLE TRIGGER ALL").await.unwrap();
        db.execute("ALTER TABLE postings DISABLE TRIGGER ALL").await.unwrap();
    }
    assert_eq!(db.execute(statement).await.unwrap(), 1, "{statement}");
}

async fn a_sound_store_has_no_findings_however_far_it_is(db: &TestDatabase) {
    for applied in [u64::MAX, 700, 1, 0] {
        let db = db.another().await;
        let (flow, events) = venue(&db, applied).await;
        let expectation = expected(&db, &events).await;
        let outcome = reconcile(&db.store, &expectation, flow.exchange()).await.unwrap();
        assert_eq!(outcome.findings, [], "{applied}");
        assert_eq!(outcome.lag, flow.exchange().seq().get().saturating_sub(applied));
        assert!(outcome.balances > 30);
    }
}

async fn damage_is_found(db: &TestDatabase) {
    let (flow, events) = venue(db, u64::MAX).await;
    let exchange = flow.exchange();
    assert!(findings(db, &events, exchange).await.is_empty());

    tamper(db, "UPDATE trades SET quantity = quantity + 1 WHERE id = 3").await;
    let found = findings(db, &events, exchange).await;
    assert!(
        matches!(found[..], [Finding::Differs { measure: Measure::TradedLots, stored, expected }] if stored == expected + 1),
        "{found:?}"
    );
    tamper(db, "UPDATE trades SET quantity = quantity - 1 WHERE id = 3").await;

    tamper(db, "UPDATE orders SET fees = fees - 5 WHERE seq = (SELECT MIN(seq) FROM orders WHERE fees > 5)").await;
    let found = findings(db, &events, exchange).await;
    assert!(
        matches!(found[..], [Finding::Differs { measure: Measure::OrderFees, stored, expected }] if stored == expected - 5),
        "{found:?}"
    );
    tamper(db, "UPDATE orders SET fees = fees + 5 WHERE seq = (SELECT MIN(seq) FROM orders WHERE fees > 0)").await;

    // Both sides of a line shifted alike: balanced, but not what the exchange has.
    tamper(db, "UPDATE postings SET account = 7 WHERE account = 2 AND amount = 1000000000000").await;
    let found = findings(db, &events, exchange).await;
    let moved = 1_000_000_000_000;
    let wrong = |account, by: i128| {
        let account = AccountId::new(account);
        found.iter().any(|finding| {
            matches!(finding, Finding::BalanceDiffers { account: of, asset, stored, expected }
            if *of == account && *asset == AssetId::new(0) && *stored == expected + by)
        })
    };
    assert!(wrong(2, -moved) && wrong(7, moved) && found.len() == 2, "{found:?}");
    tamper(db, "UPDATE postings SET account = 2 WHERE account = 7 AND amount = 1000000000000 AND seq < (SELECT MAX(seq) FROM postings WHERE account = 7 AND amount = 1000000000000)").await;
    assert!(findings(db, &events, exchange).await.is_empty());

    tamper(db, "UPDATE postings SET amount = amount + 7 WHERE account = -1 AND amount = -1000000000000 AND seq = (SELECT MIN(seq) FROM postings WHERE account = -1)").await;
    let found = findings(db, &events, exchange).await;
    assert!(
        matches!(found[..], [Finding::SupplyDiffers { .. }, Finding::Unbalanced(off)] if off.amount == 7),
        "{found:?}"
    );
    assert!(found[1].to_string().contains("off by 7"));
}

async fn a_journal_that_is_shorter_than_the_store_is_found(db: &TestDatabase) {
    let (_, events) = venue(db, u64::MAX).await;
    // The same venue, but its journal lost the end.
    let (mut shorter, mut fewer) = Flow::funded(31);
    fewer.extend(shorter.next(1_400));
    let found = findings(db, &fewer, shorter.exchange()).await;
    let (cursor, tip) = (events.last().unwrap().seq, shorter.exchange().seq());
    assert_eq!(found[0], Finding::StoreAhead { cursor, tip });

    let (mut same, _) = Flow::funded(31);
    same.next(1_500);
    let found = findings(db, &events[5..], same.exchange()).await;
    assert!(
        matches!(found[0], Finding::EventsIncomplete { first, impossible } if first == Some(events[5].seq) && impossible > 0)
    );
}

async fn trades_and_permissions_without_standing_are_found(db: &TestDatabase) {
    let (flow, events) = venue(db, u64::MAX).await;
    let trade = db.store.trades().by_id(TradeId::new(1)).await.unwrap();
    let maker = trade.maker_account.get();
    tamper(db, &format!("UPDATE permissions SET trade = 0 WHERE account = {maker} AND seq = (SELECT MIN(seq) FROM permissions WHERE account = {maker})")).await;
    let found = findings(db, &events, flow.exchange()).await;
    assert!(found.contains(&Finding::UnpermittedTrade(TradeId::new(1))), "{found:?}");
    tamper(db, &format!("UPDATE permissions SET trade = 1 WHERE account = {maker} AND seq = (SELECT MIN(seq) FROM permissions WHERE account = {maker})")).await;

    let trading = flow
        .exchange()
        .balances()
        .iter()
        .map(|(account, ..)| *account)
        .find(|account| flow.exchange().permissions(*account).is_some_and(|may| may.trade))
        .unwrap();
    let id = trading.get();
    for (damage, repair) in [
        (
            format!("UPDATE kyc SET status = 'expired' WHERE user_id = {id}"),
            format!("UPDATE kyc SET status = 'approved' WHERE user_id = {id}"),
        ),
        (
            format!("UPDATE kyc SET expires_at = 5 WHERE user_id = {id}"),
            format!("UPDATE kyc SET expires_at = NULL WHERE user_id = {id}"),
        ),
        (
            format!("UPDATE users SET status = 'suspended' WHERE id = {id}"),
            format!("UPDATE users SET status = 'active' WHERE id = {id}"),
        ),
    ] {
        db.execute(&damage).await.unwrap();
        assert_eq!(findings(db, &events, flow.exchange()).await, [Finding::UnduePermission(trading)], "{damage}");
        assert!(standing_of(&db.store, id.into()).await.unwrap().trading_enabled);
        db.execute(&repair).await.unwrap();
    }
    assert!(findings(db, &events, flow.exchange()).await.is_empty());
}

async fn standings_are_counted(db: &TestDatabase) {
    let empty = aml_summary(&db.store).await.unwrap();
    assert_eq!((empty.total_users, empty.approval_rate_ppm()), (0, 0));
    let (flow, _) = venue(db, 3).await;
    for change in [
        "UPDATE kyc SET status = 'pending_review' WHERE user_id = 1",
        "UPDATE kyc SET expires_at = 5 WHERE user_id = 2",
        "UPDATE users SET risk_level = 'very_high', status = 'under_review' WHERE id = 3",
    ] {
        db.execute(change).await.unwrap();
    }
    let summary = aml_summary(&db.store).await.unwrap();
    let counts = (
        summary.total_users,
        summary.kyc_approved_users,
        summary.kyc_waiting_users,
        summary.high_risk_users,
        summary.held_users,
    );
    assert_eq!(counts, (8, 6, 1, 1, 1));
    assert_eq!(summary.approval_rate_ppm(), 750_000);

    // The store is behind: it has not heard of any permission.
    assert!(flow.exchange().permissions(AccountId::new(3)).is_some());
    let standing = standing_of(&db.store, 3).await.unwrap();
    assert_eq!(
        (standing.risk_level.as_str(), standing.is_kyc_approved, standing.trading_enabled),
        ("very_high", true, false)
    );
    assert!(!standing_of(&db.store, 2).await.unwrap().is_kyc_approved);
    assert_eq!(standing.email, "user3@example.org");
    assert!(matches!(standing_of(&db.store, 99).await, Err(StoreError::NotFound("user"))));
    assert_eq!(db.store.sink_cursor().await.unwrap().seq, Seq::new(3));
}

cx_store::on_both_databases!(
    a_sound_store_has_no_findings_however_far_it_is,
    damage_is_found,
    a_journal_that_is_shorter_than_the_store_is_found,
    trades_and_permissions_without_standing_are_found,
    standings_are_counted,
);
