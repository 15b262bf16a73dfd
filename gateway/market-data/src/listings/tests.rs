#![allow(clippy::unwrap_used)]

use super::{Listings, Scaled};
use cx_engine::command::AssetClass;
use cx_engine::event::{AssetAdded, InstrumentListed};
use cx_engine::ids::{AssetId, InstrumentId, Seq, Symbol};
use cx_engine::units::{FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};

fn scaled(mantissa: i128, scale: u8) -> Scaled {
    Scaled { mantissa, scale }
}

fn listings(base_scale: u8, quote_scale: u8, tick_value: i64) -> Listings {
    let asset = |id, code: &str, class, scale| {
        Event::AssetAdded(AssetAdded { asset: AssetId::new(id), class, scale, code: Symbol::new(code).unwrap() })
    };
    let events = [
        asset(0, "USD", AssetClass::Cash, quote_scale),
        asset(1, "VCS-191-2016", AssetClass::Credit, base_scale),
        Event::InstrumentListed(InstrumentListed {
            instrument: InstrumentId::new(0),
            base: AssetId::new(1),
            quote: AssetId::new(0),
            tick_value,
            price_max: Price::from_ticks(10_000_000),
            maker_fee: FeeRate::ZERO,
            taker_fee: FeeRate::ZERO,
            symbol: Symbol::new("VCS-191-2016-USD").unwrap(),
        }),
    ];
    let mut listings = Listings::default();
    for event in events {
        listings.apply(&EventRecord { seq: Seq::new(1), index: 0, time: Timestamp::default(), event });
    }
    listings
}

#[test]
fn everything_is_found_by_number_and_by_name() {
    let listings = listings(0, 4, 100);
    assert_eq!(listings.asset_by_code("USD").unwrap().asset, AssetId::new(0));
    assert_eq!(listings.instrument_by_symbol("VCS-191-2016-USD").unwrap().instrument, InstrumentId::new(0));
    assert_eq!(listings.instrument(InstrumentId::new(0)).unwrap().symbol.as_str(), "VCS-191-2016-USD");
    assert_eq!(listings.instruments_of(AssetId::new(1)).count(), 1);
    assert_eq!((listings.assets().len(), listings.instruments().len()), (2, 1));
    assert!(
        listings.is_cash(AssetId::new(0)) && !listings.is_cash(AssetId::new(1)) && !listings.is_cash(AssetId::new(9))
    );
    for unknown in ["EUR", "", "no such symbol at all, and far too long for one"] {
        assert!(listings.asset_by_code(unknown).is_none() && listings.instrument_by_symbol(unknown).is_none());
    }
    assert!(listings.decimals(InstrumentId::new(1)).is_none());
}

#[test]
fn ticks_and_lots_read_as_decimals_and_back() {
    let usd = listings(0, 4, 100).decimals(InstrumentId::new(0)).unwrap();
    assert_eq!((usd.tick, usd.lot, usd.minor), (scaled(1, 2), scaled(1, 0), scaled(1, 4)));
    assert_eq!(usd.price(Price::from_ticks(2550)), scaled(2550, 2));
    assert_eq!(usd.cash(1_234_567), scaled(1_234_567, 4));
    assert_eq!(usd.price_from(scaled(2550, 2)), Some(Price::from_ticks(2550)));
    assert_eq!(usd.price_from(scaled(255, 1)), Some(Price::from_ticks(2550)));
    assert_eq!(usd.price_from(scaled(25_500, 3)), Some(Price::from_ticks(2550)), "trailing zeros are no precision");
    assert_eq!(usd.price_from(scaled(25_501, 3)), None);
    assert_eq!(usd.price_from(scaled(25_500_000_000_000_000_000_000_000_000, 27)), Some(Price::from_ticks(2550)));
    assert_eq!(usd.price_from(scaled(i128::MAX, 0)), None);
    assert_eq!(usd.quantity_from(scaled(10, 0)), Some(Quantity::from_lots(10)));
    assert_eq!(usd.quantity_from(scaled(105, 1)), None);
    assert_eq!(usd.quantity_from(scaled(-1, 0)), None);
}

#[test]
fn lots_smaller_than_a_credit_scale_the_price() {
    // A lot is 0.001 t and a tick 0.0005 USD for it, so 0.50 USD a tonne.
    let fine = listings(3, 4, 5).decimals(InstrumentId::new(0)).unwrap();
    assert_eq!((fine.tick, fine.lot), (scaled(5, 1), scaled(1, 3)));
    assert_eq!(fine.price_from(scaled(125, 1)), Some(Price::from_ticks(25)));
    assert_eq!(fine.price_from(scaled(1, 1)), None, "not a multiple of the tick");
    assert_eq!(fine.quantity_from(scaled(15, 1)), Some(Quantity::from_lots(1_500)));
}
