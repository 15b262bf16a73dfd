//! Counting, waiting, forgetting.
#![allow(clippy::unwrap_used)]

use super::*;
use governor::clock::FakeRelativeClock;

fn limit(most: u32) -> (Limit<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limit::new(Policy::Login, NonZeroU32::new(most).unwrap(), clock.clone()), clock)
}

fn key(last: u8) -> Key {
    Key::Address(IpAddr::from([192, 0, 2, last]))
}

#[test]
fn so_many_are_let_through_and_the_next_must_wait() {
    let (limit, clock) = limit(5);
    for remaining in (0..5).rev() {
        let verdict = limit.check(key(1));
        assert_eq!((verdict.remaining, verdict.wait), (remaining, None));
    }
    let refused = limit.check(key(1));
    assert_eq!((refused.remaining, refused.wait, refused.reset), (0, Some(12), 60));
    assert_eq!(limit.check(key(2)).wait, None, "another address");
    clock.advance(Duration::from_secs(11));
    assert_eq!(limit.check(key(1)).wait, Some(1));
    clock.advance(Duration::from_secs(1));
    assert_eq!(limit.check(key(1)).wait, None, "who waits as told is let in");
    assert_eq!(limit.check(key(1)).wait, Some(12));
}

#[test]
fn memory_is_bounded_and_strangers_share_what_is_left() {
    let (limit, clock) = limit(3);
    let many = |from: u32, to: u32| (from..to).map(|n| Key::Account(i64::from(n)));
    let most = u32::try_from(KEYS_MAX).unwrap();
    for key in many(0, most) {
        assert_eq!(limit.check(key).wait, None);
    }
    for key in many(most, most + 3) {
        assert_eq!(limit.check(key).wait, None);
    }
    assert!(limit.check(Key::Account(-1)).wait.is_some(), "the shared key is spent");
    assert!(limit.counter.len() <= KEYS_MAX + 1);
    clock.advance(Duration::from_mins(2));
    for key in many(0, SWEEP_EVERY) {
        limit.check(key);
    }
    assert!(limit.counter.len() <= usize::try_from(SWEEP_EVERY).unwrap() + 1, "room again");
    assert_eq!(limit.check(Key::Account(-1)).remaining, 2, "a key of its own again");
}

#[test]
fn the_headers_say_what_is_left() {
    let (limit, _) = limit(5);
    let mut headers = HeaderMap::new();
    limit.check(key(1)).write(&mut headers);
    assert_eq!(headers["ratelimit-policy"], "\"login\";q=5;w=60");
    assert_eq!(headers["ratelimit"], "\"login\";r=4;t=12");
    assert_eq!(
        (&headers["x-ratelimit-limit"], &headers["x-ratelimit-remaining"]),
        (&"5".parse().unwrap(), &"4".parse().unwrap())
    );
    assert!(headers.contains_key("x-ratelimit-reset"));
}

#[test]
fn requests_fall_under_the_policy_of_their_path() {
    for (method, path, policy) in [
        (Method::POST, "/api/auth/login", Some(Policy::Login)),
        (Method::GET, "/api/auth/login", None),
        (Method::POST, "/api/auth/register", Some(Policy::Register)),
        (Method::POST, "/api/auth/refresh", None),
        (Method::POST, "/api/trading/orders", Some(Policy::Orders)),
        (Method::DELETE, "/api/trading/orders/ORD-1", Some(Policy::Orders)),
        (Method::GET, "/api/trading/orders", None),
        (Method::POST, "/api/trading/ordersx", None),
        (Method::GET, "/api/market/depth/X", Some(Policy::Market)),
        (Method::GET, "/api/marketing", None),
    ] {
        let request = Request::builder().method(method.clone()).uri(path).body(axum::body::Body::empty()).unwrap();
        assert_eq!(Policy::of(&request), policy, "{method} {path}");
    }
}
