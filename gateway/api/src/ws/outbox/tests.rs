#![allow(clippy::unwrap_used)]

use super::*;

fn text(text: &str) -> Outgoing {
    Outgoing::Text(text.to_owned().into())
}

fn words(turn: &Turn) -> Vec<String> {
    let word = |message: &Outgoing| match message {
        Outgoing::Text(text) => text.as_str().to_owned(),
        other => format!("{other:?}"),
    };
    turn.messages.iter().map(word).collect()
}

fn limits(messages_max: usize, conflate_from: usize) -> OutboxLimits {
    OutboxLimits { messages_max, conflate_from, bytes_max: 100 }
}

#[tokio::test]
async fn messages_come_out_in_order() {
    let outbox = Outbox::new(OutboxLimits::default());
    for word in ["a", "b", "c"] {
        assert_eq!(outbox.put(text(word)), Put::Queued);
    }
    assert_eq!(words(&outbox.next().await), ["a", "b", "c"]);
    let waiting = outbox.next();
    let ((), turn) = tokio::join!(async { assert_eq!(outbox.put(text("d")), Put::Queued) }, waiting);
    assert_eq!(words(&turn), ["d"]);
}

#[tokio::test]
async fn a_full_queue_ends_the_connection_and_drops_the_rest() {
    let outbox = Outbox::new(limits(2, 2));
    assert_eq!(
        [outbox.put(text("a")), outbox.put(text("b")), outbox.put(text("c"))],
        [Put::Queued, Put::Queued, Put::Closed]
    );
    outbox.cut().await;
    outbox.ended().await;
    let turn = outbox.next().await;
    assert_eq!((turn.messages.len(), turn.close), (0, Some(Close::SLOW_READER)));
    assert_eq!(outbox.put(text("d")), Put::Closed);
    assert_eq!(outbox.put_update(text("d")), Put::Closed);
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let outbox = Outbox::new(limits(100, 100));
    assert_eq!(outbox.put(text(&"x".repeat(100))), Put::Queued);
    assert_eq!(outbox.put_update(text("y")), Put::LeftOut);
    outbox.next().await;
    assert_eq!(outbox.put_update(text("y")), Put::Queued, "room again");
    assert_eq!(outbox.put(text(&"x".repeat(100))), Put::Queued);
    assert_eq!(outbox.put(text("z")), Put::Closed);
}

#[tokio::test]
async fn updates_are_left_out_and_a_snapshot_falls_due_when_the_queue_is_empty() {
    let outbox = Outbox::new(limits(100, 2));
    outbox.put(text("a"));
    outbox.put(text("b"));
    assert_eq!(outbox.put_update(text("u")), Put::LeftOut);
    assert_eq!(outbox.put(text("c")), Put::Queued, "what may not be lost still has room");
    let turn = outbox.next().await;
    assert_eq!((words(&turn), turn.snapshots_due), (vec!["a".to_owned(), "b".into(), "c".into()], true));
    assert_eq!(outbox.put_update(text("v")), Put::Queued);
    assert!(!outbox.next().await.snapshots_due);
}

#[tokio::test]
async fn a_polite_end_comes_after_what_waits_and_the_first_reason_stands() {
    let outbox = Outbox::new(OutboxLimits::default());
    for place in 0..=TURN_MAX {
        outbox.put(text(&place.to_string()));
    }
    outbox.close(Close::SHUTDOWN);
    outbox.close(Close::REVOKED);
    let (first, second) = (outbox.next().await, outbox.next().await);
    assert_eq!((first.messages.len(), first.close), (TURN_MAX, None));
    assert_eq!((second.messages.len(), second.close), (1, Some(Close::SHUTDOWN)));
    assert_eq!(outbox.closing(), Some(Close::SHUTDOWN));
}
