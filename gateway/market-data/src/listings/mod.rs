//! Assets and instruments by number and by name, with what the edge needs to turn integers into exact decimals.

#[cfg(test)]
mod tests;

use cx_engine::command::AssetClass;
use cx_engine::event::{AssetAdded, InstrumentListed};
use cx_engine::ids::{AssetId, InstrumentId, Symbol};
use cx_engine::units::{Price, Quantity};
use cx_engine::{Event, EventRecord};
use std::collections::HashMap;

/// Everything that is listed. Ids are dense from 0 in the order of their events, so they index the lists.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Listings {
    assets: Vec<AssetAdded>,
    instruments: Vec<InstrumentListed>,
    by_code: HashMap<Symbol, AssetId>,
    by_symbol: HashMap<Symbol, InstrumentId>,
}

/// An exact decimal in integers: `mantissa x 10^-scale`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Scaled {
    /// The digits.
    pub mantissa: i128,
    /// How many of them stand after the point.
    pub scale: u8,
}

/// How an instrument's integers read as decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Decimals {
    /// One tick: currency units per whole credit, without trailing zeros (0.01 is 1 at scale 2).
    pub tick: Scaled,
    /// One lot in whole credits (1 at scale 0 where a lot is a tonne).
    pub lot: Scaled,
    /// One minor unit of the currency (1 at scale 4 for USD).
    pub minor: Scaled,
}

impl Scaled {
    /// The same value with the fewest digits after the point.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }

    /// `self x count`. `None` when it does not fit.
    pub fn times(self, count: i128) -> Option<Self> {
        Some(Self { mantissa: self.mantissa.checked_mul(count)?, scale: self.scale })
    }

    /// How many whole `unit`s `self` is: `None` when there is a remainder (too much precision) or no room. Exact, never
    /// rounded.
    pub fn count_of(self, unit: Self) -> Option<i128> {
        let common = self.scale.max(unit.scale);
        let raise =
            |value: Self| value.mantissa.checked_mul(10_i128.checked_pow(u32::from(common.checked_sub(value.scale)?))?);
        let (whole, step) = (raise(self.normalized_to(unit.scale))?, raise(unit)?);
        (step != 0 && whole % step == 0).then(|| whole / step)
    }

    /// Drops trailing zeros as far as `scale`, so that "1.5000000000000000000" is not refused for want of room.
    fn normalized_to(mut self, scale: u8) -> Self {
        while self.scale > scale && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }
}

impl Decimals {
    /// A price in currency units per whole credit: `ticks x tick`.
    pub fn price(&self, price: Price) -> Scaled {
        Scaled { mantissa: self.tick.mantissa * i128::from(price.ticks()), scale: self.tick.scale }
    }

    /// A quantity in whole credits: `lots x lot`.
    pub fn quantity(&self, quantity: Quantity) -> Scaled {
        Scaled { mantissa: self.lot.mantissa * i128::from(quantity.lots()), scale: self.lot.scale }
    }

    /// Minor units of the currency as currency units: `minor x 10^-scale`.
    pub fn cash(&self, minor: i128) -> Scaled {
        Scaled { mantissa: minor, scale: self.minor.scale }
    }

    /// The price in ticks; `None` unless it is a whole number of ticks that fits.
    pub fn price_from(&self, value: Scaled) -> Option<Price> {
        i64::try_from(value.count_of(self.tick)?).ok().map(Price::from_ticks)
    }

    /// The quantity in lots; `None` unless it is a whole number of lots, not below zero, that fits.
    pub fn quantity_from(&self, value: Scaled) -> Option<Quantity> {
        u64::try_from(value.count_of(self.lot)?).ok().map(Quantity::from_lots)
    }
}

impl Listings {
    /// Takes the next event.
    pub fn apply(&mut self, record: &EventRecord) {
        match &record.event {
            Event::AssetAdded(asset) => {
                assert_eq!(index(asset.asset.get()), self.assets.len(), "assets come in the order of their ids");
                self.by_code.insert(asset.code, asset.asset);
                self.assets.push(*asset);
            }
            Event::InstrumentListed(instrument) => {
                assert_eq!(index(instrument.instrument.get()), self.instruments.len(), "instruments come in order");
                self.by_symbol.insert(instrument.symbol, instrument.instrument);
                self.instruments.push(*instrument);
            }
            _ => {}
        }
    }

    /// An asset.
    pub fn asset(&self, id: AssetId) -> Option<&AssetAdded> {
        self.assets.get(index(id.get()))
    }

    /// An asset by its code, such as `USD` or `VCS-191-2016`.
    pub fn asset_by_code(&self, code: &str) -> Option<&AssetAdded> {
        self.asset(*self.by_code.get(&Symbol::new(code).ok()?)?)
    }

    /// An instrument.
    pub fn instrument(&self, id: InstrumentId) -> Option<&InstrumentListed> {
        self.instruments.get(index(id.get()))
    }

    /// An instrument by its symbol, such as `VCS-191-2016-USD`.
    pub fn instrument_by_symbol(&self, symbol: &str) -> Option<&InstrumentListed> {
        self.instrument(*self.by_symbol.get(&Symbol::new(symbol).ok()?)?)
    }

    /// All assets, by id.
    pub fn assets(&self) -> &[AssetAdded] {
        &self.assets
    }

    /// All instruments, by id.
    pub fn instruments(&self) -> &[InstrumentListed] {
        &self.instruments
    }

    /// The instruments that trade a credit asset.
    pub fn instruments_of(&self, base: AssetId) -> impl Iterator<Item = &InstrumentListed> {
        self.instruments.iter().filter(move |listed| listed.base == base)
    }

    /// Whether an asset is a currency.
    pub fn is_cash(&self, id: AssetId) -> bool {
        self.asset(id).is_some_and(|asset| asset.class == AssetClass::Cash)
    }

    /// How an instrument's integers read as decimals. One tick is worth `tick_value` minor units of the currency per lot,
    /// and a whole credit is `10^base_scale` lots: `tick = tick_value x 10^base_scale / 10^quote_scale`.
    pub fn decimals(&self, id: InstrumentId) -> Option<Decimals> {
        let listed = self.instrument(id)?;
        let (base, quote) = (self.asset(listed.base)?, self.asset(listed.quote)?);
        let tick = i128::from(listed.tick_value) * 10_i128.pow(u32::from(base.scale));
        Some(Decimals {
            tick: Scaled { mantissa: tick, scale: quote.scale }.normalized(),
            lot: Scaled { mantissa: 1, scale: base.scale },
            minor: Scaled { mantissa: 1, scale: quote.scale },
        })
    }
}

/// Ids index dense lists; `usize` has at least 32 bits on every machine this runs on.
pub(crate) fn index(id: u32) -> usize {
    usize::try_from(id).expect("ids have 32 bits")
}
