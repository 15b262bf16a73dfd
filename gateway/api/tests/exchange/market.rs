//! Public market data.

use serde_json::{Value, json};

use crate::venue::{OTHER_SYMBOL, SYMBOL, TestVenue};

fn has_fields(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "{field} is missing in {value}");
    }
}

const MARKET_DATA: &[&str] = &[
    "id",
    "uuid",
    "symbol",
    "project_id",
    "vintage_year",
    "credit_standard",
    "data_type",
    "value",
    "currency",
    "volume",
    "volume_usd",
    "bid_price",
    "ask_price",
    "spread",
    "spread_percentage",
    "high_24h",
    "low_24h",
    "change_24h",
    "change_percentage_24h",
    "data_source",
    "data_quality",
    "confidence_score",
    "timestamp",
    "age_minutes",
    "created_at",
    "updated_at",
];
const CANDLE: &[&str] = &[
    "id",
    "uuid",
    "symbol",
    "project_id",
    "vintage_year",
    "timeframe",
    "period_start",
    "period_end",
    "open_price",
    "high_price",
    "low_price",
    "close_price",
    "volume",
    "volume_usd",
    "vwap",
    "number_of_trades",
    "price_change",
    "price_change_percentage",
    "price_range",
    "is_bullish",
    "is_bearish",
    "currency",
    "data_completeness",
    "data_source",
    "created_at",
    "updated_at",
];
const TRADE: &[&str] = &[
    "id",
    "uuid",
    "trade_id",
    "symbol",
    "credit_type",
    "project_id",
    "vintage_year",
    "quantity",
    "price",
    "total_value",
    "currency",
    "side",
    "liquidity",
    "fee",
    "status",
    "executed_at",
    "settlement_date",
    "created_at",
    "updated_at",
];

#[tokio::test]
async fn a_market_without_trades_says_so() {
    let venue = TestVenue::new().await;
    let health = venue.public("/api/market/health").await.expect(200);
    assert_eq!(health, json!({ "status": "no_data", "latest_data_age_seconds": null, "latest_timestamp": null }));
    assert!(venue.public("/api/market/summary").await.expect(200)["message"].is_string());
    let statistics = venue.public("/api/market/statistics?days=7").await.expect(200);
    assert!(statistics["error"].is_string());
    assert_eq!((&statistics["period_days"], &statistics["credit_type"]), (&json!(7), &json!("all")));
    assert_eq!(venue.public("/api/market/data").await.expect(200), json!({ "market_data": [], "total": 0 }));
    let prices = venue.public("/api/market/prices").await.expect(200);
    assert_eq!(prices, json!({ "prices": [], "total": 0, "symbol": null, "days": 30 }));
    assert_eq!(venue.public("/api/market/trades/recent").await.expect(200), json!({ "trades": [], "total": 0 }));
    let ticker = venue.public(&format!("/api/market/ticker/{SYMBOL}")).await.expect(200);
    assert_eq!(ticker["ticker"]["last_price"], 0);
    let depth = venue.public(&format!("/api/market/depth/{SYMBOL}")).await.expect(200);
    assert_eq!((&depth["bids"], &depth["asks"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn trades_show_in_every_figure() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    for (price, quantity) in [("7.00", 10), ("8.00", 30)] {
        venue.place(&alice, "sell", price, quantity).await;
        venue.place(&bob, "buy", price, quantity).await;
    }
    venue.place(&alice, "sell", "8.10", 4).await;
    venue.place(&bob, "buy", "7.90", 5).await;

    let answer = venue.public(&format!("/api/market/ticker/{SYMBOL}")).await;
    let ticker = answer.expect(200)["ticker"].clone();
    has_fields(&ticker, MARKET_DATA);
    for digits in [
        r#""value":8.00"#,
        r#""last_price":8.00"#,
        r#""open_24h":7.00"#,
        r#""high_24h":8.00"#,
        r#""low_24h":7.00"#,
        r#""bid_price":7.90"#,
        r#""ask_price":8.10"#,
        r#""spread":0.20"#,
        r#""spread_percentage":2.50"#,
        r#""volume":40"#,
        r#""volume_usd":310.00"#,
        r#""change_24h":1.00"#,
        r#""change_percentage_24h":14.29"#,
        r#""vwap_24h":7.75"#,
    ] {
        assert!(answer.text.contains(digits), "{digits} is not in {}", answer.text);
    }
    let data = venue.public(&format!("/api/market/data?symbol={SYMBOL}")).await.expect(200);
    let kinds: Vec<_> = data["market_data"].as_array().unwrap().iter().map(|one| one["data_type"].clone()).collect();
    assert_eq!(kinds, ["spot_price", "bid_price", "ask_price", "volume"]);
    data["market_data"].as_array().unwrap().iter().for_each(|one| has_fields(one, MARKET_DATA));
    let one = venue.public("/api/market/data?type=bid_price&limit=1").await.expect(200);
    assert_eq!((&one["total"], &one["market_data"][0]["symbol"]), (&json!(1), &json!(SYMBOL)));
    assert_eq!(venue.public(&format!("/api/market/data?symbol={OTHER_SYMBOL}")).await.expect(200)["total"], 0);

    let summary = venue.public("/api/market/summary").await;
    assert!(summary.text.contains(r#""latest_price":8.00"#), "{}", summary.text);
    let recent = venue.public("/api/market/trades/recent?limit=1").await;
    let trade = recent.expect(200)["trades"][0].clone();
    has_fields(&trade, TRADE);
    assert_eq!((&trade["side"], &trade["liquidity"]), (&json!("buy"), &json!("taker")));
    assert!(
        recent.text.contains(r#""fee":0.24"#) && recent.text.contains(r#""total_value":240.00"#),
        "{}",
        recent.text
    );

    let depth = venue.public(&format!("/api/market/depth/{SYMBOL}?levels=1")).await;
    depth.expect(200);
    assert!(
        depth.text.contains(r#""bids":[{"price":7.90,"quantity":5}],"asks":[{"price":8.10,"quantity":4}]"#),
        "{}",
        depth.text
    );
    assert_eq!(venue.public("/api/market/health").await.expect(200)["status"], "healthy");
}

#[tokio::test]
async fn bars_are_given_both_ways() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    for price in ["7.00", "9.00", "8.00"] {
        venue.place(&alice, "sell", price, 2).await;
        venue.place(&bob, "buy", price, 2).await;
    }
    // Months are long: the test does not fall on the border of two but for a moment of each.
    let answer = venue.public(&format!("/api/market/prices/{SYMBOL}/ohlcv?timeframe=1M")).await;
    let ohlcv = answer.expect(200);
    has_fields(&ohlcv, &["symbol", "candles", "count", "from", "to"]);
    let candle = &ohlcv["candles"][0];
    has_fields(candle, CANDLE);
    for digits in [
        r#""open_price":7.00"#,
        r#""high_price":9.00"#,
        r#""low_price":7.00"#,
        r#""close_price":8.00"#,
        r#""volume":6"#,
        r#""volume_usd":48.00"#,
        r#""vwap":8.00"#,
        r#""price_range":2.00"#,
        r#""price_change":1.00"#,
    ] {
        assert!(answer.text.contains(digits), "{digits} is not in {}", answer.text);
    }
    assert_eq!(
        (&candle["number_of_trades"], &candle["is_bullish"], &ohlcv["count"]),
        (&json!(3), &json!(true), &json!(1))
    );
    let prices = venue.public(&format!("/api/market/prices?symbol={SYMBOL}&timeframe=1M&days=5")).await.expect(200);
    assert_eq!((&prices["prices"][0], &prices["days"], &prices["symbol"]), (candle, &json!(5), &json!(SYMBOL)));
    let long_ago = venue.public("/api/market/prices?start_date=2001-01-01&end_date=2001-02-01").await.expect(200);
    assert_eq!(long_ago["total"], 0);
    for (query, field) in [
        ("timeframe=2h", "timeframe"),
        ("start_date=yesterday", "start_date"),
        ("days=0", "days"),
        ("limit=0", "limit"),
        ("days=many", "days"),
        ("start_date=2030-01-02&end_date=2030-01-01", "start_date"),
    ] {
        let problem = venue.public(&format!("/api/market/prices?{query}")).await.refused(400, "invalid_value");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn statistics_come_from_sql() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    for (price, quantity) in [("6.00", 1), ("8.00", 3)] {
        venue.place(&alice, "sell", price, quantity).await;
        venue.place(&bob, "buy", price, quantity).await;
    }
    venue.sink().await;
    let answer = venue.public("/api/market/statistics").await;
    let statistics = answer.expect(200);
    assert_eq!((&statistics["trade_count"], &statistics["total_volume"]), (&json!(2), &json!(4)));
    for digits in [
        r#""average_price":7.00"#,
        r#""min_price":6.00"#,
        r#""max_price":8.00"#,
        r#""price_std_dev":1,"#,
        r#""price_volatility":14.285714"#,
        r#""total_value_usd":30.00"#,
    ] {
        assert!(answer.text.contains(digits), "{digits} is not in {}", answer.text);
    }
    let none = venue.public("/api/market/statistics?credit_type=reforestation").await.expect(200);
    assert_eq!((&none["credit_type"], none["error"].is_string()), (&json!("reforestation"), true));
}

#[tokio::test]
async fn instruments_carry_their_terms_and_unknown_ones_are_404() {
    let venue = TestVenue::new().await;
    let answer = venue.public("/api/market/instruments").await;
    let instruments = answer.expect(200)["instruments"].clone();
    assert_eq!(instruments.as_array().unwrap().len(), 2);
    has_fields(
        &instruments[0],
        &[
            "symbol",
            "project_id",
            "vintage_year",
            "credit_type",
            "currency",
            "tick_size",
            "lot_size",
            "status",
            "phase",
            "price_bands",
            "fees",
        ],
    );
    assert_eq!((&instruments[0]["symbol"], &instruments[0]["vintage_year"]), (&json!(SYMBOL), &json!(2016)));
    assert!(answer.text.contains(r#""tick_size":0.01,"lot_size":1"#), "{}", answer.text);
    assert!(answer.text.contains(r#""fees":{"maker":0.0005,"taker":0.001}"#), "{}", answer.text);
    for path in ["ticker/NOPE", "depth/NOPE", "prices/NOPE/ohlcv"] {
        venue.public(&format!("/api/market/{path}")).await.refused(404, "not_found");
    }
    venue.public("/api/market/ticker/reforestation").await.refused(404, "unsupported_instrument");
    assert_eq!(venue.public("/api/market/prices?symbol=NOPE").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn an_instrument_is_named_by_its_project_too() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let content = cx_store::registry::ProjectContent {
        registry: "VCS".to_owned(),
        number: "191".to_owned(),
        name: "A forest".to_owned(),
        project_type: "reforestation".to_owned(),
        status: "registered".to_owned(),
        validation_status: "verified".to_owned(),
        standard: Some("vcs".to_owned()),
        country: "PE".to_owned(),
        price_currency: "USD".to_owned(),
        ..Default::default()
    };
    let project = venue.state.store.projects().add(&content, None).await.unwrap();
    let order = |project: String| {
        format!(
            r#"{{"order_type": "limit", "side": "buy", "price": 1, "quantity": 1, "project_id": {project}, "vintage_year": 2016}}"#
        )
    };
    for named in ["\"VCS-191\"".to_owned(), "\"vcs-191\"".to_owned()] {
        let placed = venue.post("/api/trading/orders", &alice, &order(named)).await.expect(201);
        assert_eq!(placed["order"]["symbol"], SYMBOL);
    }
    // The project has no vintage row, so its number does not lead to an instrument yet.
    venue.post("/api/trading/orders", &alice, &order(project.id.to_string())).await.refused(400, "unknown_instrument");
}
