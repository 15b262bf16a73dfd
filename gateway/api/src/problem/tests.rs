//! The table of codes and the shape of problems.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use super::*;

#[test]
fn every_code_has_its_own_name_and_an_error_status() {
    let mut names = HashSet::new();
    for code in Code::all() {
        assert!(names.insert(code.as_str()), "{} is there twice", code.as_str());
        assert!(code.status().is_client_error() || code.status().is_server_error(), "{}", code.as_str());
        assert!(code.title().ends_with('.'), "{}", code.as_str());
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit()));
    }
    assert_eq!(names.len(), Code::OWN.len() + Reject::ALL.len());
}

#[test]
fn a_problem_has_the_fields_of_three_generations() {
    let problem = Problem::invalid("price", "price must be on a tick");
    let body = serde_json::to_value(problem.body("req-1", "/api/x")).unwrap();
    let expected = serde_json::json!({
        "type": "urn:carbonxchange:problem:invalid_value",
        "title": "A field has a value that is not permitted.",
        "status": 400,
        "detail": "price must be on a tick",
        "instance": "/api/x",
        "code": "invalid_value",
        "request_id": "req-1",
        "errors": [{"field": "price", "message": "price must be on a tick"}],
        "error": "A field has a value that is not permitted.",
        "message": "price must be on a tick",
        "status_code": 400,
    });
    assert_eq!(body, expected);
}

#[test]
fn the_inside_of_a_failure_stays_inside() {
    let problem = Problem::internal(&"password=hunter2 at 10.0.0.3");
    let text = serde_json::to_string(&problem.body("id", "/")).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("10.0.0.3"), "{text}");
}

#[test]
fn a_401_says_how_to_come_in() {
    let answer = Problem::new(Code::TokenExpired).retry_after(7).into_response();
    assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(answer.headers()[header::RETRY_AFTER], "7");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[test]
fn the_page_of_errors_is_what_the_tables_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == errors_page(), "docs/errors.md and the tables of codes differ: run `{}`", page::COMMAND);
}

#[test]
fn the_page_of_errors_has_every_code_once_and_whole_sentences() {
    use cx_engine::reject::CancelReason;
    let page = errors_page();
    let lines = |code: &str| page.lines().filter(|line| line.starts_with(&format!("| `{code}` |"))).count();
    // A few codes are both a refusal and a reason to end.
    let ends: Vec<&str> = CancelReason::ALL.iter().map(|reason| reason.code()).collect();
    for code in Code::all() {
        let expected = if ends.contains(&code.as_str()) { 2 } else { 1 };
        assert_eq!(lines(code.as_str()), expected, "{}", code.as_str());
    }
    for reason in CancelReason::ALL {
        assert!(lines(reason.code()) >= 1 && reason.message().ends_with('.'), "{}", reason.code());
    }
    assert!(page.lines().filter(|line| line.starts_with("| `")).all(|line| line.matches('|').count() <= 4));
}
