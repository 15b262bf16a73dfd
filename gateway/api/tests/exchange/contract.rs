//! The description of the API, and how the server says that it is well.

use std::collections::BTreeSet;

use cx_api::{metrics, openapi};

use crate::venue::TestVenue;

#[tokio::test]
async fn every_route_is_described() {
    let venue = TestVenue::new().await;
    let served = venue.public("/api/openapi.json").await.expect(200);
    assert_eq!(served["openapi"], "3.1.0");
    let described = serde_json::to_value(openapi::description()).unwrap();
    assert_eq!(served["paths"], described["paths"], "what is served is what the command line prints");
    let routes = [
        ("post", "/api/trading/orders"),
        ("get", "/api/trading/orders"),
        ("delete", "/api/trading/orders"),
        ("get", "/api/trading/orders/{order_id}"),
        ("put", "/api/trading/orders/{order_id}"),
        ("delete", "/api/trading/orders/{order_id}"),
        ("post", "/api/trading/orders/{order_id}/cancel"),
        ("get", "/api/trading/trades"),
        ("get", "/api/trading/portfolio"),
        ("get", "/api/trading/portfolio/holdings"),
        ("get", "/api/trading/balances"),
        ("get", "/api/market/data"),
        ("get", "/api/market/ticker/{symbol}"),
        ("get", "/api/market/prices"),
        ("get", "/api/market/prices/{symbol}/ohlcv"),
        ("get", "/api/market/summary"),
        ("get", "/api/market/statistics"),
        ("get", "/api/market/depth/{symbol}"),
        ("get", "/api/market/trades/recent"),
        ("get", "/api/market/health"),
        ("get", "/api/market/instruments"),
        ("get", "/api/health"),
        ("get", "/api/info"),
        ("get", "/livez"),
        ("get", "/readyz"),
        ("get", "/ws"),
    ];
    for (method, path) in routes {
        let operation = &served["paths"][path][method];
        assert!(operation["responses"].is_object(), "{method} {path} is not described");
        let ok = ["200", "201", "101"].iter().any(|code| operation["responses"].get(code).is_some());
        assert!(ok, "{method} {path} says what it answers");
    }
    let ids = routes.map(|(method, path)| served["paths"][path][method]["operationId"].as_str().unwrap());
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "operation ids are unique: {ids:?}");
    let public = &served["paths"]["/api/market/data"]["get"]["security"];
    assert_eq!(public.to_string(), "[{}]", "market data is for everybody");
}

#[tokio::test]
async fn the_server_says_how_it_is() {
    let venue = TestVenue::new().await;
    venue.sink().await;
    let health = venue.public("/api/health").await.expect(200);
    assert_eq!(
        (health["status"].as_str(), health["environment"].as_str()),
        (Some("healthy"), Some("test")),
        "{health}"
    );
    for service in ["database", "journal", "engine", "api", "sink"] {
        assert_eq!(health["services"][service]["status"], "healthy", "{health}");
    }
    for field in ["timestamp", "version", "uptime", "durability"] {
        assert!(health.get(field).is_some(), "{field}");
    }
    assert_eq!(health["services"]["sink"]["lag"], 0);
    assert_eq!(venue.public("/api/info").await.expect(200)["name"], "CarbonXchange");
    assert_eq!(venue.public("/livez").await.text, "ok");
    assert_eq!(venue.public("/readyz").await.text, "ok");
    // Without its database the venue trades on, and says so.
    venue.state.store.close().await;
    let health = venue.public("/api/health").await.expect(200);
    assert_eq!(
        (health["status"].as_str(), health["services"]["database"]["status"].as_str()),
        (Some("degraded"), Some("unhealthy"))
    );
}

#[tokio::test]
async fn metrics_are_what_prometheus_reads() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    venue.place(&alice, "buy", "1.00", 1).await;
    let text = metrics(&venue.state);
    assert!(text.contains("\ncx_orders_open 1\n"), "{text}");
    assert!(text.contains("\ncx_instruments 2\n"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.split_once(' ').unwrap();
        assert!(name.starts_with("cx_") && value.parse::<f64>().is_ok(), "{line}");
        assert!(text.contains(&format!("# TYPE {name} ")), "{line}");
    }
}
