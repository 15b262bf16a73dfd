//! What is wrong with a request is said in a problem, never in a 500.

use serde_json::json;

use crate::venue::{TestVenue, call};

#[tokio::test]
async fn bodies_are_refused_for_their_own_reasons() {
    let venue = TestVenue::new().await;
    let deep = format!(r#"{{"email": "a@b.co", "password": {}"x"{}}}"#, "[".repeat(40), "]".repeat(40));
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("not JSON", b"email=a&password=b".to_vec(), 400, "malformed_json"),
        ("cut short", br#"{"email": "a@b.co", "#.to_vec(), 400, "malformed_json"),
        ("not UTF-8", b"{\"email\": \"\xff\xfe\", \"password\": \"x\"}".to_vec(), 400, "malformed_json"),
        ("a key twice", br#"{"email": "a@b.co", "email": "c@d.co", "password": "x"}"#.to_vec(), 400, "duplicate_key"),
        ("an array", b"[1, 2]".to_vec(), 400, "invalid_value"),
        ("a number", b"5".to_vec(), 400, "invalid_value"),
        ("wrong types", br#"{"email": 5, "password": true}"#.to_vec(), 400, "invalid_value"),
        (
            "an object for text",
            br#"{"email": {"$ne": null}, "password": {"$ne": null}}"#.to_vec(),
            400,
            "invalid_value",
        ),
        ("nothing", Vec::new(), 400, "malformed_json"),
        ("nothing in it", b"{}".to_vec(), 400, "missing_fields"),
        ("null for a field", br#"{"email": null, "password": "x"}"#.to_vec(), 400, "missing_fields"),
        ("too deep", deep.into_bytes(), 400, "too_deep"),
        ("very deep", b"[".repeat(60_000), 400, "too_deep"),
        ("too large", format!(r#"{{"email": "{}"}}"#, "a".repeat(70_000)).into_bytes(), 413, "payload_too_large"),
    ];
    for (what, body, status, code) in cases {
        let answer = venue.send(call("POST", "/api/auth/login").raw(body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (status, Some(code)),
            "{what}: {}",
            answer.text
        );
        answer.refused(status, code);
    }
    let form = call("POST", "/api/auth/login").header("content-type", "text/plain").raw("{}");
    venue.send(form).await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn missing_fields_are_all_named_where_existing_clients_look() {
    let venue = TestVenue::new().await;
    let problem = venue.send(call("POST", "/api/auth/register").json(&json!({"email": "a@b.co"}))).await;
    let problem = problem.refused(400, "missing_fields");
    assert_eq!(problem["error"], "Missing fields: password, first_name, last_name");
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["password", "first_name", "last_name"]);
}

#[tokio::test]
async fn registrations_are_checked_field_by_field() {
    let venue = TestVenue::new().await;
    let good =
        json!({"email": "ada@example.org", "password": "Correct-horse-9", "first_name": "Ada", "last_name": "L"});
    let with = |field: &str, value: &str| {
        let mut body = good.clone();
        body[field] = json!(value);
        body
    };
    for (body, code, field) in [
        (with("email", "nowhere"), "invalid_value", "email"),
        (with("email", "a@b.co\u{0}"), "invalid_value", "email"),
        (with("first_name", ""), "invalid_value", "first_name"),
        (with("last_name", &"x".repeat(101)), "invalid_value", "last_name"),
        (with("phone_number", "DROP TABLE users"), "invalid_value", "phone_number"),
        (with("password", "short1!"), "weak_password", "password"),
        (with("password", "alllowercase1!"), "weak_password", "password"),
        (with("password", "NoSymbolHere1"), "weak_password", "password"),
        (with("password", &format!("Aa1!{}", "x".repeat(300))), "weak_password", "password"),
    ] {
        let problem = venue.send(call("POST", "/api/auth/register").json(&body)).await.refused(400, code);
        assert_eq!(problem["errors"][0]["field"], field, "{body}");
        assert!(!problem.to_string().contains("alllowercase1!"), "passwords are not echoed");
    }
    venue.send(call("POST", "/api/auth/register").json(&good)).await.expect(201);
    let problem = venue.send(call("POST", "/api/auth/register").json(&with("email", "ADA@Example.org"))).await;
    problem.refused(409, "email_taken");
}

#[tokio::test]
async fn text_that_looks_like_sql_is_text() {
    let venue = TestVenue::new().await;
    let evil = "'; DROP TABLE users; --";
    let ada = venue.person("ada").await;
    venue.try_login(evil, evil).await.refused(401, "invalid_credentials");
    let user =
        venue.put("/api/users/me/profile", &ada.access, json!({"first_name": evil, "city": evil})).await.expect(200);
    assert_eq!(
        (&user["user"]["first_name"], &user["user"]["profile"]["address"]["city"]),
        (&json!(evil), &json!(evil))
    );
    for path in ["/api/admin/users?status=%27%20OR%201%3D1", "/api/admin/users?role=%27--", "/api/admin/kyc?status=x"] {
        venue.get(path, &venue.admin).await.refused(400, "invalid_value");
    }
    for id in ["1%20OR%201=1", "%27", "-1", "0", "999999999999999999999", "%00", "1.5", "%ff", "..%2f1"] {
        venue.get(&format!("/api/users/{id}"), &venue.admin).await.refused(404, "not_found");
    }
    assert_eq!(venue.get("/api/admin/users", &venue.admin).await.expect(200)["total"], 2);
}

#[tokio::test]
async fn pages_that_make_no_sense_are_refused_and_long_ones_cut() {
    let venue = TestVenue::new().await;
    for query in ["page=0", "per_page=0", "page=-1", "page=x", "per_page=1.5", "page=99999999999", "page=1&page=2"] {
        venue.get(&format!("/api/users?{query}"), &venue.admin).await.refused(400, "invalid_value");
    }
    let list = venue.get("/api/users?page=&per_page=500", &venue.admin).await.expect(200);
    assert_eq!((&list["per_page"], &list["current_page"], &list["pages"]), (&json!(100), &json!(1), &json!(1)));
    let empty = venue.get("/api/users?status=closed", &venue.admin).await.expect(200);
    assert_eq!((&empty["total"], &empty["pages"], &empty["users"]), (&json!(0), &json!(0), &json!([])));
    let beyond = venue.get("/api/users?page=4000000000&per_page=100", &venue.admin).await.expect(200);
    assert_eq!((&beyond["users"], &beyond["total"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn routes_and_methods_that_are_not_there_answer_json() {
    let venue = TestVenue::new().await;
    let problem = venue.send(call("GET", "/api/nothing/here")).await.refused(404, "not_found");
    assert_eq!(problem["instance"], "/api/nothing/here");
    venue.send(call("GET", "/api")).await.refused(404, "not_found");
    let answer = venue.send(call("DELETE", "/api/auth/login")).await;
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.headers["allow"], "POST");
    venue.send(call("PATCH", "/api/users/1").by(&venue.admin)).await.refused(405, "method_not_allowed");
}
