#![allow(clippy::unwrap_used)]

use super::*;

/// Ticks of 0.05, lots of a kilogram.
const FINE: Decimals = Decimals {
    tick: Scaled { mantissa: 5, scale: 2 },
    lot: Scaled { mantissa: 1, scale: 3 },
    minor: Scaled { mantissa: 1, scale: 4 },
};

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

#[test]
fn prices_are_whole_ticks() {
    for (text, ticks) in
        [("0.05", 1), ("7.00", 140), ("7", 140), ("7.0000", 140), ("92233720368547758", 1_844_674_407_370_955_160)]
    {
        assert_eq!(price(number(text), &FINE).unwrap(), Price::from_ticks(ticks), "{text}");
    }
    for (text, code) in [
        ("0.01", "too_precise"),
        ("7.001", "too_precise"),
        ("0", "invalid_price"),
        ("-0.05", "invalid_price"),
        ("9223372036854775807", "invalid_price"),
    ] {
        assert_eq!(price(number(text), &FINE).unwrap_err().code().as_str(), code, "{text}");
    }
}

#[test]
fn quantities_are_whole_lots() {
    for (text, lots) in [("0.001", 1), ("1", 1_000), ("1.500", 1_500), ("18446744073709551.615", u64::MAX)] {
        assert_eq!(quantity(number(text), &FINE).unwrap(), Quantity::from_lots(lots), "{text}");
    }
    for (text, code) in
        [("0.0001", "too_precise"), ("0", "invalid_quantity"), ("18446744073709551.616", "invalid_quantity")]
    {
        assert_eq!(quantity(number(text), &FINE).unwrap_err().code().as_str(), code, "{text}");
    }
}

#[test]
fn a_refused_step_is_named() {
    let message = |problem: Problem| problem.errors()[0].message.clone();
    assert_eq!(message(price(number("0.01"), &FINE).unwrap_err()), "price must be a multiple of the tick 0.05");
    assert_eq!(message(quantity(number("0.0001"), &FINE).unwrap_err()), "quantity must be a multiple of the lot 0.001");
}

#[test]
fn what_is_left_out_has_the_usual_meaning() {
    let entry = |json: &str| crate::json::read_slice::<OrderEntry>(json.as_bytes()).unwrap();
    let read = |json: &str| entry(json).order(AccountId::new(1), InstrumentId::new(0), &FINE, OrderId::NONE).unwrap();
    let limit = read(r#"{"order_type": "LIMIT", "side": "Buy", "quantity": "1", "price": 7}"#);
    assert_eq!((limit.kind, limit.side), (OrderKind::Limit, Side::Buy));
    assert_eq!((limit.time_in_force, limit.post_only), (TimeInForce::GoodTillCancelled, false));
    let market = read(r#"{"order_type": "market", "side": "sell", "quantity": 0.5}"#);
    assert_eq!((market.time_in_force, market.price), (TimeInForce::ImmediateOrCancel, Price::NONE));
    let prevention =
        r#"{"order_type": "market", "side": "sell", "quantity": 1, "self_trade_prevention": "cancel_newest"}"#;
    assert_eq!(read(prevention).self_trade, SelfTrade::CancelNewest);
}

#[test]
fn stops_are_read_as_the_contract_says() {
    let read = |more: &str| {
        let json = format!(r#"{{"side": "sell", "quantity": 1, {more}}}"#);
        let entry = crate::json::read_slice::<OrderEntry>(json.as_bytes()).unwrap();
        entry.order(AccountId::new(1), InstrumentId::new(0), &FINE, OrderId::NONE).unwrap()
    };
    let ticks = Price::from_ticks;
    for (more, price, trigger) in [
        (r#""order_type": "stop", "stop_price": 6"#, Price::NONE, Trigger::at(ticks(120))),
        (r#""order_type": "stop", "price": 6"#, Price::NONE, Trigger::at(ticks(120))),
        (r#""order_type": "stop_limit", "price": 6"#, ticks(120), Trigger::at(ticks(120))),
        (r#""order_type": "stop_limit", "price": 6, "stop_price": "6.50""#, ticks(120), Trigger::at(ticks(130))),
        (r#""order_type": "trailing_stop", "trailing_amount": 0.25"#, Price::NONE, Trigger::ticks(5)),
        (r#""order_type": "trailing_stop", "trailing_percent": "2.50""#, Price::NONE, Trigger::basis_points(250)),
        (r#""order_type": "trailing_stop", "trailing_percent": 99.99"#, Price::NONE, Trigger::basis_points(9_999)),
    ] {
        let order = read(more);
        assert_eq!((order.price, order.trigger), (price, trigger), "{more}");
        assert_eq!(order.time_in_force, TimeInForce::GoodTillCancelled, "{more}");
    }
}

#[test]
fn a_market_buy_may_be_for_an_amount_of_cash() {
    let json = br#"{"order_type": "market", "side": "buy", "quote_quantity": "250.0005"}"#;
    let entry = crate::json::read_slice::<OrderEntry>(json).unwrap();
    let order = entry.order(AccountId::new(1), InstrumentId::new(0), &FINE, OrderId::NONE).unwrap();
    assert_eq!((order.quantity, order.quote_quantity), (Quantity::ZERO, Amount::from_minor(2_500_005)));
}
