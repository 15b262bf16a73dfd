//! What bodies are refused for, and in which words.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::number::Number;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    amount: Number,
    nested: Option<Inner>,
    list: Option<Vec<u8>>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    flag: bool,
}

impl Input for Sample {
    const REQUIRED: &'static [&'static str] = &["name", "amount"];
}

fn refusal(body: &[u8]) -> (&'static str, u16, Vec<String>) {
    let problem = read_slice::<Sample>(body).unwrap_err();
    let fields = problem.errors().iter().map(|error| error.field.clone()).collect();
    (problem.code().as_str(), problem.http_status().as_u16(), fields)
}

#[test]
fn a_good_body_is_read() {
    let sample: Sample =
        read_slice(br#" {"name": "a\"}{", "amount": "1.50", "nested": {"flag": true}, "list": [1, 2]} "#).unwrap();
    assert_eq!((sample.name.as_str(), sample.amount.to_string().as_str()), ("a\"}{", "1.50"));
    assert_eq!((sample.nested.unwrap().flag, sample.list.unwrap()), (true, vec![1, 2]));
}

#[test]
fn each_bad_body_is_refused_for_its_own_reason() {
    let deep = format!(r#"{{"name": "a", "amount": 1, "list": {}{}}}"#, "[".repeat(32), "]".repeat(32));
    for (body, code, fields) in [
        (r"", "malformed_json", vec![]),
        (r"{", "malformed_json", vec![]),
        (r#"{"name": "a", "amount": 1,}"#, "malformed_json", vec![]),
        (r#"{"name": "a", "amount": 1} x"#, "malformed_json", vec![]),
        (r"{'name': 'a'}", "malformed_json", vec![]),
        (r#"{"name": "a", "amount": NaN}"#, "malformed_json", vec![]),
        (r#"{"name": "a", "amount": 01}"#, "malformed_json", vec![]),
        (r#"{"name": "unended"#, "malformed_json", vec![]),
        ("{\"name\": \"\u{1}\", \"amount\": 1}", "malformed_json", vec![]),
        (r#"{"name": "\ud800", "amount": 1}"#, "malformed_json", vec![]),
        (r#"{"name": "a", "name": "b", "amount": 1}"#, "duplicate_key", vec!["name"]),
        (r#"{"name": "a", "n\u0061me": "b", "amount": 1}"#, "duplicate_key", vec!["name"]),
        (r#"{"name": "a", "amount": 1, "nested": {"flag": true, "flag": false}}"#, "duplicate_key", vec!["flag"]),
        (r#"{"name": "a", "amount": 1, "other": {"x": 1, "x": 2}}"#, "duplicate_key", vec!["x"]),
        (deep.as_str(), "too_deep", vec![]),
        (r"[]", "invalid_value", vec![""]),
        (r"null", "invalid_value", vec![""]),
        (r#""text""#, "invalid_value", vec![""]),
        (r"{}", "missing_fields", vec!["name", "amount"]),
        (r#"{"name": "a", "amount": null}"#, "missing_fields", vec!["amount"]),
        (r#"{"name": 1, "amount": 1}"#, "invalid_value", vec!["name"]),
        (r#"{"name": "a", "amount": true}"#, "invalid_value", vec!["amount"]),
        (r#"{"name": "a", "amount": {"$serde_json::private::Number": "1"}}"#, "malformed_json", vec![]),
        (r#"{"name": "a", "amount": 1, "nested": {"flag": "yes"}}"#, "invalid_value", vec!["nested.flag"]),
        (r#"{"name": "a", "amount": 1, "nested": {}}"#, "invalid_value", vec!["nested"]),
        (r#"{"name": "a", "amount": 1, "list": [1, 256]}"#, "invalid_value", vec!["list[1]"]),
        (r#"{"name": "a", "amount": 1, "list": [1.5]}"#, "invalid_value", vec!["list[0]"]),
        (r#"{"name": "a", "amount": 1, "colour": 1}"#, "unknown_field", vec!["colour"]),
        (r#"{"name": "a", "amount": 0.00000000000000000000000000001}"#, "too_precise", vec!["amount"]),
    ] {
        assert_eq!(refusal(body.as_bytes()), (code, 400, fields.iter().map(ToString::to_string).collect()), "{body}");
    }
    assert_eq!(refusal(b"{\"name\": \"\xff\", \"amount\": 1}").0, "malformed_json");
}

#[test]
fn the_same_key_may_come_in_different_objects() {
    let body =
        br#"{"nested": {"flag": true, "name": 1, "x": [{"name": 1}, {"name": 2}]}, "name": "name", "amount": 1}"#;
    assert!(read_slice::<Sample>(body).is_ok());
}

#[test]
fn existing_clients_find_missing_fields_where_they_look() {
    let body = read_slice::<Sample>(b"{}").unwrap_err().body("id", "/path");
    assert_eq!(body.error, "Missing fields: name, amount");
    assert_eq!((body.status, body.status_code, body.message), (400, 400, body.detail));
}

#[test]
fn depth_is_counted_to_the_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(scan::check(nested(DEPTH_MAX).as_bytes()), Ok(()));
    assert_eq!(scan::check(nested(DEPTH_MAX + 1).as_bytes()), Err(scan::Refusal::TooDeep));
    assert_eq!(scan::check("[".repeat(1_000_000).as_bytes()), Err(scan::Refusal::TooDeep));
}

#[test]
fn only_json_counts_as_json() {
    for (kind, json) in [
        (None, true),
        (Some("application/json"), true),
        (Some("Application/JSON; charset=utf-8"), true),
        (Some("application/problem+json"), true),
        (Some("text/plain"), false),
        (Some("application/x-www-form-urlencoded"), false),
        (Some("multipart/form-data; boundary=x"), false),
        (Some("text/json"), false),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        assert_eq!(is_json(&headers), json, "{kind:?}");
    }
}

#[derive(Debug, Default, Deserialize)]
struct Query {
    status: Option<String>,
    limit: Option<u8>,
}

#[test]
fn query_strings_are_read_late_and_refused_kindly() {
    let read = |text: &str| Params(text.to_owned()).read::<Query>();
    let query = read("status=a%20b&limit=7&other=x").unwrap();
    assert_eq!((query.status.as_deref(), query.limit), (Some("a b"), Some(7)));
    let query = read("status=&limit=").unwrap();
    assert_eq!((query.status, query.limit), (None, None));
    for (text, field) in [("limit=x", "limit"), ("limit=300", "limit"), ("limit=-1", "limit"), ("limit=1&limit=2", "")]
    {
        let problem = read(text).unwrap_err();
        assert_eq!((problem.http_status().as_u16(), problem.errors()[0].field.as_str()), (400, field), "{text}");
    }
}
