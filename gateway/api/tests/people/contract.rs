//! What every answer has: headers, CORS, slashes, the description.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::venue::{TestVenue, call};

#[tokio::test]
async fn every_answer_is_guarded_and_named() {
    let venue = TestVenue::new().await;
    for call in [call("GET", "/api/auth/me"), call("GET", "/api/auth/me").by(&venue.admin), call("GET", "/nowhere")] {
        let answer = venue.send(call).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value, "{name}");
        }
        assert!(answer.headers.contains_key("strict-transport-security"));
        assert_eq!(answer.headers["x-request-id"].len(), 36);
    }
    let named = |id: &'static str| call("GET", "/api/auth/me").header("x-request-id", id);
    assert_eq!(venue.send(named("trace-7.A_b")).await.headers["x-request-id"], "trace-7.A_b");
    assert_ne!(venue.send(named("two words")).await.headers["x-request-id"], "two words");
}

#[tokio::test]
async fn configured_origins_may_call_with_credentials_and_no_others() {
    let venue =
        TestVenue::with(|settings| settings.cors_origins = vec!["https://app.example.org".to_owned()], |_| {}).await;
    let preflight = |origin: &'static str| {
        call("OPTIONS", "/api/auth/login")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type, authorization, idempotency-key")
    };
    let answer = venue.send(preflight("https://app.example.org")).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://app.example.org");
    assert_eq!(answer.headers["access-control-allow-credentials"], "true");
    let listed = |name: &str| {
        let text = answer.headers[name].to_str().unwrap().to_ascii_lowercase();
        text.split(',').map(|word| word.trim().to_owned()).collect::<BTreeSet<_>>()
    };
    for method in ["get", "post", "put", "patch", "delete", "options"] {
        assert!(listed("access-control-allow-methods").contains(method), "{method}");
    }
    for header in ["content-type", "authorization", "x-requested-with", "x-csrf-token", "idempotency-key"] {
        assert!(listed("access-control-allow-headers").contains(header), "{header}");
    }
    let denied = venue.send(preflight("https://evil.example.org")).await;
    assert!(!denied.headers.contains_key("access-control-allow-origin"));

    let plain = venue.send(call("GET", "/api/auth/me").header("origin", "https://app.example.org")).await;
    plain.refused(401, "unauthenticated");
    assert_eq!(plain.headers["access-control-allow-origin"], "https://app.example.org", "on errors too");
    let exposed = plain.headers["access-control-expose-headers"].to_str().unwrap().to_ascii_lowercase();
    for header in ["x-ratelimit-limit", "ratelimit", "retry-after", "x-request-id"] {
        assert!(exposed.contains(header), "{header}");
    }
}

#[tokio::test]
async fn both_forms_of_a_path_work() {
    let venue = TestVenue::new().await;
    for path in ["/api/users", "/api/users/", "/api/auth/me/", "/api/users/1/", "/api/transactions/"] {
        venue.get(path, &venue.admin).await.expect(200);
    }
}

#[tokio::test]
async fn a_user_has_the_fields_of_the_contract_and_null_only_where_it_may() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    let me = venue.get("/api/auth/me", &ada.access).await.expect(200)["user"].clone();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let expected: BTreeSet<String> = [
        "id",
        "uuid",
        "email",
        "first_name",
        "last_name",
        "full_name",
        "phone_number",
        "status",
        "role",
        "is_verified",
        "is_active",
        "is_kyc_approved",
        "is_email_verified",
        "risk_level",
        "created_at",
        "last_login_at",
        "mfa_enabled",
        "profile",
        "kyc",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(keys(&me), expected);
    let null: Vec<&String> =
        me.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).map(|(key, _)| key).collect();
    assert!(null.iter().all(|key| ["phone_number", "last_login_at"].contains(&key.as_str())), "{null:?}");
    for field in [
        "middle_name",
        "nationality",
        "country_of_residence",
        "address",
        "occupation",
        "employer",
        "annual_income",
        "source_of_funds",
        "company",
        "trading",
        "preferences",
    ] {
        assert!(me["profile"].get(field).is_some(), "{field}");
    }
    for field in [
        "id",
        "status",
        "verification_level",
        "identity_verified",
        "address_verified",
        "phone_verified",
        "email_verified",
        "aml_screening_status",
        "pep_status",
        "sanctions_screening",
        "submitted_at",
        "approved_at",
        "expires_at",
        "is_expired",
        "days_until_expiry",
        "documents_count",
    ] {
        assert!(me["kyc"].get(field).is_some(), "{field}");
    }
    assert_eq!(me["kyc"]["days_until_expiry"], 364);
    assert!(me["created_at"].as_str().unwrap().ends_with('Z'));
    let shown = venue.get(&format!("/api/users/{}", ada.id), &venue.admin).await.expect(200)["user"].clone();
    for field in ["risk_score", "failed_login_attempts", "is_locked", "is_suspended", "last_login_ip"] {
        assert!(shown.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn the_description_is_openapi_3_1_and_knows_these_routes() {
    let venue = TestVenue::new().await;
    let description = venue.send(call("GET", "/api/openapi.json")).await.expect(200);
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{}", description["openapi"]);
    for (path, methods) in [
        ("/api/auth/register", &["post"][..]),
        ("/api/auth/login", &["post"]),
        ("/api/auth/refresh", &["post"]),
        ("/api/auth/logout", &["post"]),
        ("/api/auth/me", &["get"]),
        ("/api/auth/change-password", &["post"]),
        ("/api/auth/verify-email", &["post"]),
        ("/api/users", &["get"]),
        ("/api/users/me", &["get"]),
        ("/api/users/me/profile", &["put"]),
        ("/api/users/{id}", &["get", "put", "delete"]),
        ("/api/users/kyc/submit", &["post"]),
        ("/api/admin/users", &["get"]),
        ("/api/admin/users/{id}/status", &["put"]),
        ("/api/admin/users/{id}/unlock", &["post"]),
        ("/api/admin/users/{id}/roles", &["put"]),
        ("/api/admin/system", &["get"]),
        ("/api/admin/permissions", &["get"]),
        ("/api/admin/kyc", &["get"]),
        ("/api/admin/kyc/{user_id}/approve", &["post"]),
        ("/api/admin/kyc/{user_id}/reject", &["post"]),
        ("/api/admin/kyc/{user_id}/request-update", &["post"]),
        ("/api/wallet/deposits", &["post"]),
        ("/api/wallet/withdrawals", &["post"]),
        ("/api/transactions", &["get"]),
        ("/api/transactions/{id}", &["get"]),
        ("/api/transactions/{id}/approve", &["post"]),
        ("/api/transactions/{id}/reject", &["post"]),
    ] {
        for method in methods {
            assert!(description["paths"][path].get(method).is_some(), "{method} {path}");
        }
    }
    let schemas = &description["components"]["schemas"];
    for name in ["User", "Profile", "Kyc", "Problem", "Transaction"] {
        assert!(schemas.get(name).is_some(), "{name}");
    }
    unresolved(&description, schemas);
    let page = venue.send(call("GET", "/docs/")).await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    assert!(
        !page.text.contains("http://") && !page.text.contains("https://"),
        "nothing from the network: {}",
        page.text
    );
}

/// Every reference leads to a schema.
fn unresolved(value: &Value, schemas: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let name = reference.strip_prefix("#/components/schemas/").unwrap();
                assert_ne!(schemas.get(name), None, "{reference}");
            }
            fields.values().for_each(|value| unresolved(value, schemas));
        }
        Value::Array(items) => items.iter().for_each(|value| unresolved(value, schemas)),
        _ => {}
    }
}

#[tokio::test]
async fn numbers_are_exact_both_ways() {
    let venue = TestVenue::new().await;
    let ada = venue.trader("ada").await;
    let body =
        format!(r#"{{"user_id": {}, "currency": "USD", "amount": 461168601842738.7901, "reference": "r"}}"#, ada.id);
    let deposit = call("POST", "/api/wallet/deposits").by(&venue.admin).header("idempotency-key", "k").raw(body);
    let answer = venue.send(deposit).await;
    answer.expect(201);
    assert!(answer.text.contains(r#""amount":461168601842738.7901"#), "{}", answer.text);
    assert_eq!(venue.dollars(&ada), 4_611_686_018_427_387_901);
}
