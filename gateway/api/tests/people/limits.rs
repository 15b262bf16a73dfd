//! Rate limits, as clients see them.

use serde_json::json;

use crate::venue::{Call, TestVenue, call};

fn login() -> Call {
    call("POST", "/api/auth/login").json(&json!({"email": "nobody@example.org", "password": "x"}))
}

#[tokio::test]
async fn the_sixth_login_of_a_minute_waits() {
    let venue = TestVenue::with(|settings| settings.limits.enabled = true, |_| {}).await;
    for left in (0..5).rev() {
        let answer = venue.send_from("198.51.100.7:1", login()).await;
        answer.refused(401, "invalid_credentials");
        assert_eq!(answer.headers["x-ratelimit-remaining"], left.to_string());
        assert_eq!(answer.headers["ratelimit-policy"], "\"login\";q=5;w=60");
    }
    let refused = venue.send_from("198.51.100.7:2", login()).await;
    refused.refused(429, "rate_limited");
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    assert_eq!(refused.headers["x-ratelimit-limit"], "5");
    venue.send_from("198.51.100.8:1", login()).await.refused(401, "invalid_credentials");
    let forged = login().header("x-forwarded-for", "203.0.113.99");
    venue.send_from("198.51.100.7:3", forged).await.refused(429, "rate_limited");
    venue.send_from("198.51.100.7:4", call("GET", "/api/auth/me")).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn the_fourth_registration_of_a_minute_waits() {
    let venue = TestVenue::with(|settings| settings.limits.enabled = true, |_| {}).await;
    for _ in 0..3 {
        venue.send(call("POST", "/api/auth/register/").raw("{}")).await.refused(400, "missing_fields");
    }
    venue.send(call("POST", "/api/auth/register").raw("{}")).await.refused(429, "rate_limited");
}

#[tokio::test]
async fn limits_can_be_switched_off() {
    let venue = TestVenue::new().await;
    for _ in 0..20 {
        let answer = venue.send(login()).await;
        answer.refused(401, "invalid_credentials");
        assert!(!answer.headers.contains_key("x-ratelimit-limit"));
    }
}
