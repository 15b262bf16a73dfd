//! The slab of waiters on its own.
#![allow(clippy::unwrap_used)]

use super::{Lost, Reply, ReplyTable, Token};
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;

fn reply(seq: u64) -> Reply {
    Reply { seq: Seq::new(seq), time: Timestamp::from_nanos(seq), events: Vec::new() }
}

#[test]
fn an_answer_reaches_its_waiter_and_frees_the_place() {
    let table = ReplyTable::new(2);
    let (first, first_pending) = table.register().unwrap();
    let (second, second_pending) = table.register().unwrap();
    assert!(table.register().is_none(), "both places are taken");
    assert_eq!(table.waiting(), 2);

    table.complete(second, || reply(2));
    table.complete(first, || reply(1));
    assert_eq!(first_pending.wait(), Ok(reply(1)));
    assert_eq!(second_pending.wait(), Ok(reply(2)));
    assert_eq!(table.waiting(), 0);
}

#[test]
fn a_waiter_that_left_costs_no_answer_but_frees_the_place() {
    let table = ReplyTable::new(1);
    let (token, pending) = table.register().unwrap();
    drop(pending);
    table.complete(token, || panic!("nobody waits for this answer"));
    assert_eq!(table.waiting(), 0);
}

#[test]
fn a_forgotten_place_is_free_and_its_waiter_learns_it() {
    let table = ReplyTable::new(1);
    let (token, pending) = table.register().unwrap();
    table.forget(token);
    assert_eq!(pending.wait(), Err(Lost));
    assert!(table.register().is_some());
}

#[test]
fn abandoned_waiters_learn_it_and_a_late_answer_is_harmless() {
    let table = ReplyTable::new(1);
    let (token, pending) = table.register().unwrap();
    table.abandon_all();
    assert_eq!(pending.wait(), Err(Lost));
    table.complete(token, || panic!("nobody waits for this answer"));
}

#[test]
fn no_token_means_nobody() {
    let table = ReplyTable::new(1);
    table.complete(Token::NONE, || panic!("nobody waits for this answer"));
    table.forget(Token::NONE);
    assert_eq!(table.waiting(), 0);
}
