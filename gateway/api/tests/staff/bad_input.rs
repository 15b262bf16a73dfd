//! What staff get wrong: each with its status, code and field, and nothing happens.

use axum::http::Method;
use cx_identity::Role;

use crate::venue::{SYMBOL, TestVenue};

/// A body for a path, with the status, code and field of its refusal. `*` in a path is the instrument, `#` the account.
type Row = (&'static str, &'static str, &'static str, u16, &'static str, &'static str);

const PHASE: &str = "/api/admin/instruments/*/phase";
const SCHEDULE: &str = "/api/admin/instruments/*/schedule";
const BANDS: &str = "/api/admin/instruments/*/bands";
const INSTRUMENTS: &str = "/api/admin/instruments";
const ASSETS: &str = "/api/admin/assets";
const FEES: &str = "/api/admin/fees/*";
const TIERS: &str = "/api/admin/fee-tiers";
const LIMITS: &str = "/api/admin/limits/#";
const POSITIONS: &str = "/api/admin/limits/#/positions";
const GROUP: &str = "/api/admin/limits/#/group";

const ROWS: &[Row] = &[
    ("PUT", PHASE, r"{}", 400, "missing_fields", "phase"),
    ("PUT", PHASE, r#"{"phase": "open"}"#, 400, "invalid_value", "phase"),
    ("PUT", PHASE, r#"{"phase": 3}"#, 400, "invalid_value", "phase"),
    ("PUT", PHASE, r#"{"phase": "continuous"}"#, 400, "no_change", ""),
    ("PUT", PHASE, r#"{"phase": "closed", "why": "x"}"#, 400, "unknown_field", "why"),
    ("PUT", PHASE, r#"{"phase": "closed", "reason": "a\u0007"}"#, 400, "invalid_value", "reason"),
    ("PUT", PHASE, r#"{"phase": "closed", "phase": "suspended"}"#, 400, "duplicate_key", ""),
    ("PUT", "/api/admin/instruments/NOTHING/phase", r"{broken", 404, "not_found", ""),
    ("POST", SCHEDULE, r#"{"phase": "closed"}"#, 400, "missing_fields", "at"),
    ("POST", SCHEDULE, r#"{"phase": "closed", "at": "tomorrow"}"#, 400, "invalid_value", "at"),
    ("POST", SCHEDULE, r#"{"phase": "closed", "at": "2999-01-01T00:00:00Z"}"#, 400, "invalid_value", "at"),
    ("POST", SCHEDULE, r#"{"phase": "closed", "at": "2020-01-01T00:00:00Z"}"#, 400, "invalid_expiry", "at"),
    ("POST", SCHEDULE, r#"{"phase": "volatility_halt", "at": "2199-01-01T00:00:00Z"}"#, 400, "invalid_setting", ""),
    (
        "POST",
        SCHEDULE,
        r#"{"phase": "closed", "at": "2199-01-01T00:00:00Z", "every_seconds": 0.5}"#,
        400,
        "invalid_setting",
        "",
    ),
    (
        "POST",
        SCHEDULE,
        r#"{"phase": "closed", "at": "2199-01-01T00:00:00Z", "every_seconds": -1}"#,
        400,
        "invalid_value",
        "every_seconds",
    ),
    ("DELETE", "/api/admin/instruments/NOTHING/schedule", "", 404, "not_found", ""),
    ("PUT", BANDS, r#"{"collar_percent": 100.01}"#, 400, "invalid_value", "collar_percent"),
    ("PUT", BANDS, r#"{"collar_percent": -1}"#, 400, "invalid_value", "collar_percent"),
    ("PUT", BANDS, r#"{"collar_percent": 5.001}"#, 400, "too_precise", "collar_percent"),
    ("PUT", BANDS, r#"{"static_percent": 5}"#, 400, "invalid_setting", ""),
    ("PUT", BANDS, r#"{"dynamic_percent": 5, "halt_seconds": 0}"#, 400, "invalid_setting", ""),
    ("PUT", BANDS, r#"{"static_percent": 5, "halt_seconds": 2592001}"#, 400, "invalid_setting", ""),
    ("PUT", BANDS, r#"{"static_percent": 5, "halt_seconds": 0.0000000001}"#, 400, "too_precise", "halt_seconds"),
    ("PUT", BANDS, r#"{"extensions_max": 1}"#, 400, "invalid_setting", ""),
    ("PUT", BANDS, r#"{"extensions_max": 256}"#, 400, "invalid_value", "extensions_max"),
    ("PUT", BANDS, r#"{"reference_price": 7.001}"#, 400, "too_precise", "reference_price"),
    ("PUT", BANDS, r#"{"reference_price": 0}"#, 400, "invalid_price", "reference_price"),
    ("PUT", BANDS, r#"{"reference_price": 100000.01}"#, 400, "invalid_setting", ""),
    ("POST", INSTRUMENTS, r#"{"asset": "VCS-191-2016"}"#, 400, "missing_fields", "currency"),
    ("POST", INSTRUMENTS, r#"{"asset": "VCS-1-1999", "currency": "USD"}"#, 400, "unknown_asset", "asset"),
    ("POST", INSTRUMENTS, r#"{"asset": "VCS-191-2016", "currency": "EUR"}"#, 400, "unknown_asset", "currency"),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "USD", "currency": "VCS-191-2016", "symbol": "X", "tick_size": 10000}"#,
        400,
        "wrong_asset_class",
        "",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "two words"}"#,
        400,
        "invalid_value",
        "symbol",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "X", "tick_size": 0}"#,
        400,
        "invalid_value",
        "tick_size",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "X", "tick_size": 0.00001}"#,
        400,
        "too_precise",
        "tick_size",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "X", "price_max": 1.005}"#,
        400,
        "too_precise",
        "price_max",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "X", "price_max": 0}"#,
        400,
        "invalid_value",
        "price_max",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "X", "price_max": 79228162514264337593543950335}"#,
        400,
        "invalid_value",
        "price_max",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "X", "taker_fee": -0.01}"#,
        400,
        "invalid_definition",
        "",
    ),
    (
        "POST",
        INSTRUMENTS,
        r#"{"asset": "VCS-191-2016", "currency": "USD", "symbol": "X", "taker_fee": 0.11}"#,
        400,
        "invalid_value",
        "taker_fee",
    ),
    ("POST", ASSETS, r#"{"code": "EUR", "class": "cash"}"#, 400, "missing_fields", "scale"),
    ("POST", ASSETS, r#"{"code": "EUR", "class": "money", "scale": 4}"#, 400, "invalid_value", "class"),
    ("POST", ASSETS, r#"{"code": "EUR", "class": "cash", "scale": 2}"#, 400, "invalid_value", "scale"),
    ("POST", ASSETS, r#"{"code": "X-1", "class": "credit", "scale": 10}"#, 400, "invalid_definition", ""),
    ("POST", ASSETS, r#"{"code": "", "class": "credit", "scale": 0}"#, 400, "invalid_value", "code"),
    ("PUT", FEES, r#"{"tier": 0, "maker": 0}"#, 400, "missing_fields", "taker"),
    ("PUT", FEES, r#"{"tier": 8, "maker": 0, "taker": 0}"#, 400, "invalid_setting", ""),
    ("PUT", FEES, r#"{"tier": 0, "maker": 0, "taker": -0.001}"#, 400, "invalid_setting", ""),
    ("PUT", FEES, r#"{"tier": 0, "maker": 0, "taker": 0.0000001}"#, 400, "too_precise", "taker"),
    ("PUT", FEES, r#"{"tier": 0, "maker": 0.2, "taker": 0.2}"#, 400, "invalid_value", "maker"),
    ("PUT", FEES, r#"{"tier": 0, "maker": "half", "taker": 0.2}"#, 400, "invalid_value", "maker"),
    ("PUT", "/api/admin/fees/NOTHING", r"{broken", 404, "not_found", ""),
    ("PUT", TIERS, r#"{"tier": 0, "volume": 5}"#, 400, "invalid_setting", ""),
    ("PUT", TIERS, r#"{"tier": 1, "volume": 0.5}"#, 400, "too_precise", "volume"),
    ("PUT", TIERS, r#"{"tier": 1, "volume": -5}"#, 400, "invalid_value", "volume"),
    ("PUT", LIMITS, r#"{"order_quantity_max": 1.5}"#, 400, "too_precise", "order_quantity_max"),
    ("PUT", LIMITS, r#"{"order_notional_max": 0.00001}"#, 400, "too_precise", "order_notional_max"),
    ("PUT", LIMITS, r#"{"exposure_max": -1}"#, 400, "invalid_value", "exposure_max"),
    ("PUT", LIMITS, r#"{"exposure_max": 9999999999999999999}"#, 400, "invalid_value", "exposure_max"),
    ("PUT", LIMITS, r#"{"open_orders_max": -1}"#, 400, "invalid_value", "open_orders_max"),
    ("PUT", LIMITS, r#"{"rate_per_second": 5}"#, 400, "invalid_setting", ""),
    ("PUT", LIMITS, r#"{"rate_per_second": 1000001, "burst": 1}"#, 400, "invalid_setting", ""),
    ("PUT", LIMITS, r"[1]", 400, "invalid_value", ""),
    ("PUT", "/api/admin/limits/0", r"{}", 403, "reserved_account", ""),
    ("PUT", "/api/admin/limits/99999", r"{broken", 404, "unknown_account", ""),
    ("PUT", "/api/admin/limits/alice", r"{broken", 404, "not_found", ""),
    ("PUT", POSITIONS, r#"{"position_max": 5}"#, 400, "missing_fields", "symbol"),
    ("PUT", POSITIONS, r#"{"symbol": "NOTHING", "position_max": 5}"#, 400, "unknown_instrument", "symbol"),
    ("PUT", POSITIONS, r#"{"symbol": "VCS-191-2016-USD", "position_max": 0.5}"#, 400, "too_precise", "position_max"),
    ("PUT", "/api/admin/limits/0/positions", r#"{"symbol": "VCS-191-2016-USD"}"#, 403, "reserved_account", ""),
    ("PUT", GROUP, r"{}", 400, "missing_fields", "group"),
    ("PUT", GROUP, r#"{"group": -1}"#, 400, "invalid_value", "group"),
    ("PUT", GROUP, r#"{"group": 4294967296}"#, 400, "invalid_value", "group"),
    ("PUT", "/api/admin/limits/0/group", r#"{"group": 1}"#, 403, "reserved_account", ""),
    ("POST", "/api/admin/halt", r#"{"why": "x"}"#, 400, "unknown_field", "why"),
    ("POST", "/api/admin/halt", r"{", 400, "malformed_json", ""),
    ("POST", "/api/admin/resume", r#"{"reason": 7}"#, 400, "invalid_value", "reason"),
    ("POST", "/api/admin/kill/0", "", 403, "reserved_account", ""),
    ("POST", "/api/admin/kill/16777216", "", 404, "unknown_account", ""),
    ("POST", "/api/admin/kill/-1", "", 404, "not_found", ""),
    ("DELETE", "/api/admin/kill/99999", "", 404, "unknown_account", ""),
];

#[tokio::test]
async fn what_staff_get_wrong_is_refused_by_name_and_changes_nothing() {
    let venue = TestVenue::new().await;
    let (admin, alice) = (venue.staff(Role::Admin).await, venue.trader("alice").await);
    let before = venue.get("/api/admin/instruments", &admin).await.expect(200);
    for (method, path, body, status, code, field) in ROWS {
        let path = path.replace('*', SYMBOL).replace('#', &alice.id.to_string());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let body = (!body.is_empty()).then_some(*body);
        let answer = venue.call(method.clone(), &path, Some(&admin.token), body).await;
        let problem = answer.json();
        let seen = (answer.status.as_u16(), problem["code"].as_str().unwrap_or("no code at all"));
        assert_eq!(seen, (*status, *code), "{method} {path} {body:?}: {}", answer.text);
        let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert!(
            field.is_empty() || fields.iter().any(|one| *one == field),
            "{method} {path} {body:?}: {}",
            answer.text
        );
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(venue.get("/api/admin/instruments", &admin).await.expect(200), before);
    assert_eq!(venue.get("/api/admin/decisions", &admin).await.expect(200)["total"], 0);
    let standing = venue.get(&format!("/api/admin/limits/{}", alice.id), &admin).await.expect(200);
    assert_eq!((&standing["killed"], &standing["group"]), (&false.into(), &0.into()));
}
