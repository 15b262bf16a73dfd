//! Wallet requests and idempotency keys: one effect, one answer, two pairs of eyes.
#![allow(clippy::unwrap_used)]

use std::slice::from_ref;

use cx_engine::command::Movement;
use cx_engine::ids::{AccountId, AssetId};
use cx_engine::units::Amount;
use cx_engine::{Command, EventRecord};
use cx_store::idempotency::{Answer, Claim, IdempotencyKey};
use cx_store::sink::Sink;
use cx_store::testing::TestDatabase;
use cx_store::testing::flow::Flow;
use cx_store::wallet::{Created, NewTransaction, Transaction, TransactionKind, TransactionStatus};
use cx_store::{PageRequest, StoreError};
use tokio::task::JoinSet;

const OWNER: AccountId = AccountId::new(3);
const STAFF: AccountId = AccountId::new(1);
const CHIEF: AccountId = AccountId::new(2);

fn request(kind: TransactionKind, amount: i64, needs_approval: bool) -> NewTransaction {
    NewTransaction {
        account: OWNER,
        kind,
        asset: AssetId::new(0),
        amount: Amount::from_minor(amount),
        reference: Some("wire 77".into()),
        destination: None,
        created_by: STAFF,
        needs_approval,
    }
}

fn key(key: &str, body: u8) -> IdempotencyKey {
    IdempotencyKey { account: STAFF, route: "POST /api/wallet/deposits".into(), key: key.into(), body_hash: [body; 32] }
}

async fn create(db: &TestDatabase, new: &NewTransaction) -> Transaction {
    match db.store.transactions().create(new, None).await.unwrap() {
        Created::New(transaction) => transaction,
        other => panic!("{other:?}"),
    }
}

async fn a_key_makes_one_transaction(db: &TestDatabase) {
    let deposit = request(TransactionKind::Deposit, 500, false);
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, deposit) = (db.store.clone(), deposit.clone());
        tasks.spawn(async move { store.transactions().create(&deposit, Some(&key("k", 1))).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let made: Vec<_> = answers.iter().filter(|created| matches!(created, Created::New(_))).collect();
    let Created::New(first) = made[0] else { unreachable!() };
    assert_eq!(made.len(), 1);
    assert_eq!(answers.iter().filter(|created| **created == Created::Again(first.clone())).count(), 7);
    assert_eq!(db.store.transactions().page(None, None, None, PageRequest::default()).await.unwrap().total, 1);

    let transactions = db.store.transactions();
    assert_eq!(transactions.create(&deposit, Some(&key("k", 2))).await.unwrap(), Created::OtherBody);
    let answer = Answer { status: 201, body: r#"{"transaction":1}"#.into() };
    db.store.idempotency().answer(&key("k", 1), &answer).await.unwrap();
    db.store.idempotency().answer(&key("k", 1), &Answer { status: 500, body: String::new() }).await.unwrap();
    assert_eq!(transactions.create(&deposit, Some(&key("k", 1))).await.unwrap(), Created::Answered(answer));
    assert!(matches!(transactions.create(&deposit, Some(&key("other", 1))).await.unwrap(), Created::New(_)));
}

async fn a_key_is_claimed_once_and_can_be_given_back(db: &TestDatabase) {
    let idempotency = db.store.idempotency();
    assert_eq!(idempotency.claim(&key("a", 1)).await.unwrap(), Claim::New);
    assert_eq!(idempotency.claim(&key("a", 1)).await.unwrap(), Claim::Unanswered { subject: None });
    assert_eq!(idempotency.claim(&key("a", 9)).await.unwrap(), Claim::OtherBody);
    let elsewhere = IdempotencyKey { route: "POST /api/carbon-credits/".into(), ..key("a", 9) };
    assert_eq!(idempotency.claim(&elsewhere).await.unwrap(), Claim::New);
    let somebody = IdempotencyKey { account: OWNER, ..key("a", 9) };
    assert_eq!(idempotency.claim(&somebody).await.unwrap(), Claim::New);

    idempotency.release(&key("a", 1)).await.unwrap();
    assert_eq!(idempotency.claim(&key("a", 2)).await.unwrap(), Claim::New);
    let answer = Answer { status: 202, body: "{}".into() };
    idempotency.answer(&key("a", 2), &answer).await.unwrap();
    idempotency.release(&key("a", 2)).await.unwrap();
    assert_eq!(idempotency.claim(&key("a", 2)).await.unwrap(), Claim::Answered(answer));

    assert_eq!(idempotency.forget_before(i64::MAX).await.unwrap(), 1);
    assert_eq!(idempotency.claim(&key("a", 3)).await.unwrap(), Claim::New);
    assert_eq!(idempotency.claim(&elsewhere).await.unwrap(), Claim::Unanswered { subject: None });
}

async fn two_pairs_of_eyes(db: &TestDatabase) {
    let transactions = db.store.transactions();
    let waiting = create(db, &request(TransactionKind::Withdrawal, 900, true)).await;
    assert_eq!(waiting.status, TransactionStatus::Pending);
    for own in [STAFF, OWNER] {
        assert!(matches!(transactions.approve(waiting.id, own).await, Err(StoreError::FourEyes("transaction"))));
    }
    assert!(matches!(transactions.approve(waiting.id + 1, CHIEF).await, Err(StoreError::NotFound("transaction"))));

    let mut tasks = JoinSet::new();
    for approver in 10..16 {
        let store = db.store.clone();
        tasks.spawn(async move { store.transactions().approve(waiting.id, AccountId::new(approver)).await });
    }
    let answers = tasks.join_all().await;
    let approved: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(approved.len(), 1);
    assert_eq!(approved[0].status, TransactionStatus::Processing);
    assert!(approved[0].approved_by.is_some_and(|approver| approver.get() >= 10));
    assert!(
        answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .all(|error| matches!(error, StoreError::WrongState { status, .. } if status == "processing"))
    );
    assert_eq!(transactions.processing().await.unwrap(), [approved[0].clone()]);
    assert!(transactions.cancel(waiting.id, "changed my mind").await.is_err());

    let other = create(db, &request(TransactionKind::Withdrawal, 900, true)).await;
    let cancelled = transactions.cancel(other.id, "changed my mind").await.unwrap();
    assert_eq!(
        (cancelled.status, cancelled.reason.as_deref()),
        (TransactionStatus::Cancelled, Some("changed my mind"))
    );
    assert!(matches!(transactions.approve(other.id, CHIEF).await, Err(StoreError::WrongState { .. })));
}

async fn transactions_are_found_and_listed(db: &TestDatabase) {
    let transactions = db.store.transactions();
    let first = create(db, &request(TransactionKind::Deposit, 1, false)).await;
    let second = create(
        db,
        &NewTransaction {
            account: CHIEF,
            destination: Some("DE02".into()),
            ..request(TransactionKind::Withdrawal, 2, true)
        },
    )
    .await;
    assert_eq!(transactions.by_id(&first.public_id().to_string()).await.unwrap(), first);
    assert_eq!(transactions.by_id(&second.id.to_string()).await.unwrap(), second);
    for name in ["TXN-19700101-00000001", "TXN-20260301-ZZZZZZZZ", "0", "one"] {
        assert!(matches!(transactions.by_id(name).await, Err(StoreError::NotFound("transaction"))), "{name}");
    }
    let list = |account, kind, status| async move {
        transactions.page(account, kind, status, PageRequest::default()).await.unwrap()
    };
    assert_eq!(list(None, None, None).await.items, [second.clone(), first.clone()]);
    assert_eq!(list(Some(OWNER), None, None).await.items, from_ref(&first));
    assert_eq!(list(None, Some(TransactionKind::Withdrawal), None).await.items, from_ref(&second));
    assert_eq!(list(None, None, Some(TransactionStatus::Processing)).await.items, [first]);
    assert_eq!(list(Some(CHIEF), None, Some(TransactionStatus::Completed)).await.total, 0);
}

async fn the_sink_ends_transactions_by_reference(db: &TestDatabase) {
    let good = create(db, &request(TransactionKind::Deposit, 700, false)).await;
    let too_much = create(db, &request(TransactionKind::Withdrawal, i64::MAX >> 2, false)).await;
    let untouched = create(db, &request(TransactionKind::Withdrawal, 5, false)).await;
    let (mut flow, mut events) = Flow::funded(0);
    let movement = |transaction: &Transaction| Movement {
        account: OWNER,
        asset: transaction.asset,
        amount: transaction.amount,
        reference: transaction.movement_reference(),
    };
    let mut step = |command: Command, events: &mut Vec<EventRecord>| {
        flow.apply(&command, events);
        flow.exchange().seq()
    };
    let deposited = step(Command::Deposit(movement(&good)), &mut events);
    let refused = step(Command::Withdraw(movement(&too_much)), &mut events);
    // After a crash the gateway hands the deposit over again: the core refuses, and the first answer stands.
    step(Command::Deposit(movement(&good)), &mut events);
    Sink::open(db.store.clone()).await.unwrap().apply(&events).await.unwrap();

    let transactions = db.store.transactions();
    let good = transactions.get(good.id).await.unwrap();
    assert_eq!((good.status, good.seq, good.reason), (TransactionStatus::Completed, Some(deposited), None));
    let too_much = transactions.get(too_much.id).await.unwrap();
    assert_eq!((too_much.status, too_much.seq), (TransactionStatus::Failed, Some(refused)));
    assert_eq!(too_much.reason.as_deref(), Some("insufficient_funds"));
    assert_eq!(transactions.get(untouched.id).await.unwrap(), untouched);
    assert_eq!(transactions.processing().await.unwrap(), [untouched]);
}

cx_store::on_both_databases!(
    a_key_makes_one_transaction,
    a_key_is_claimed_once_and_can_be_given_back,
    two_pairs_of_eyes,
    transactions_are_found_and_listed,
    the_sink_ends_transactions_by_reference,
);
