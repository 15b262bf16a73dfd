//! From vintages to instruments: which assets and instruments the exchange must have, and the commands that bring them
//! there.
//!
//! The exchange numbers assets itself, so an instrument can be listed only when its asset's number is known. Hence two
//! rounds: [`commands`] gives the assets that are missing; once they are there it gives the instruments that are
//! missing; then nothing. Asking again after a crash gives what is still missing, so repeating it does no harm.

use std::collections::{HashMap, HashSet};

use cx_engine::command::{AssetClass, Command, NewAsset, NewInstrument};
use cx_engine::ids::{AssetId, Symbol};
use cx_engine::units::{FeeRate, Price};

use crate::facts::ProjectKey;

/// A vintage that is to be traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Of which project.
    pub project: ProjectKey,
    /// Which year.
    pub year: i32,
    /// Tonnes issued and unused at the registry.
    pub available: u64,
}

impl Listing {
    /// The asset's code: `VCS-1340-2020`.
    pub fn asset_code(&self) -> Symbol {
        asset_code(&self.project, self.year)
    }
}

/// The code of the credits of a project and vintage: `VCS-1340-2020`.
pub fn asset_code(project: &ProjectKey, year: i32) -> Symbol {
    Symbol::new(&format!("{project}-{year}")).expect("registry, twelve digits and a year are short and plain")
}

/// The symbol of an instrument: `VCS-1340-2020-USD`.
pub fn instrument_symbol(project: &ProjectKey, year: i32, currency: Symbol) -> Symbol {
    Symbol::new(&format!("{project}-{year}-{currency}")).expect("a currency's code has three letters")
}

/// How instruments are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListingTerms {
    /// The currency that pays.
    pub currency: Symbol,
    /// Decimal places of the currency's minor unit.
    pub currency_scale: u8,
    /// Minor units per tick and lot.
    pub tick_value: i64,
    /// The highest limit price.
    pub price_max: Price,
    /// What the maker pays.
    pub maker_fee: FeeRate,
    /// What the taker pays.
    pub taker_fee: FeeRate,
}

impl Default for ListingTerms {
    /// US dollars to 0.0001, ticks of one cent up to 100,000 dollars, 5 and 10 basis points.
    fn default() -> Self {
        Self {
            currency: Symbol::new("USD").expect("three letters"),
            currency_scale: 4,
            tick_value: 100,
            price_max: Price::from_ticks(10_000_000),
            maker_fee: FeeRate::from_ppm(500).expect("below the maximum"),
            taker_fee: FeeRate::from_ppm(1_000).expect("below the maximum"),
        }
    }
}

/// What the exchange has.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// Its assets by code.
    pub assets: HashMap<Symbol, AssetId>,
    /// Its instruments.
    pub instruments: HashSet<Symbol>,
}

/// The next commands on the way to all these listings; empty when everything is there.
pub fn commands(listings: &[Listing], terms: &ListingTerms, listed: &Listed) -> Vec<Command> {
    let assets = missing_assets(listings, terms, listed);
    if !assets.is_empty() {
        return assets;
    }
    let Some(&quote) = listed.assets.get(&terms.currency) else { return Vec::new() };
    let mut seen = HashSet::new();
    listings
        .iter()
        .filter_map(|listing| {
            let symbol = instrument_symbol(&listing.project, listing.year, terms.currency);
            let base = *listed.assets.get(&listing.asset_code())?;
            (!listed.instruments.contains(&symbol) && seen.insert(symbol)).then_some(Command::ListInstrument(
                NewInstrument {
                    symbol,
                    base,
                    quote,
                    tick_value: terms.tick_value,
                    price_max: terms.price_max,
                    maker_fee: terms.maker_fee,
                    taker_fee: terms.taker_fee,
                },
            ))
        })
        .collect()
}

fn missing_assets(listings: &[Listing], terms: &ListingTerms, listed: &Listed) -> Vec<Command> {
    let currency = NewAsset { code: terms.currency, class: AssetClass::Cash, scale: terms.currency_scale };
    let credits =
        listings.iter().map(|listing| NewAsset { code: listing.asset_code(), class: AssetClass::Credit, scale: 0 });
    let mut seen = HashSet::new();
    std::iter::once(currency)
        .chain(credits)
        .filter(|asset| !listed.assets.contains_key(&asset.code) && seen.insert(asset.code))
        .map(Command::AddAsset)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Listed, Listing, ListingTerms, commands};
    use crate::facts::ProjectKey;
    use cx_engine::command::{AssetClass, Command};
    use cx_engine::ids::{AssetId, Symbol};

    fn listing(project: &str, year: i32) -> Listing {
        Listing { project: ProjectKey::parse(project).unwrap(), year, available: 1 }
    }

    #[test]
    fn assets_first_then_instruments_then_nothing() {
        let listings = [listing("VCS-191", 2016), listing("ACR-7", 2025), listing("VCS-191", 2016)];
        let terms = ListingTerms::default();
        let mut listed = Listed::default();

        let codes: Vec<(String, AssetClass, u8)> = commands(&listings, &terms, &listed)
            .iter()
            .map(|command| match command {
                Command::AddAsset(asset) => (asset.code.to_string(), asset.class, asset.scale),
                other => panic!("{other:?}"),
            })
            .collect();
        let credit = |code: &str| (code.to_owned(), AssetClass::Credit, 0);
        assert_eq!(codes, [("USD".to_owned(), AssetClass::Cash, 4), credit("VCS-191-2016"), credit("ACR-7-2025")]);

        for (number, code) in ["USD", "VCS-191-2016", "ACR-7-2025"].iter().enumerate() {
            listed.assets.insert(Symbol::new(code).unwrap(), AssetId::new(u32::try_from(number).unwrap()));
        }
        listed.instruments.insert(Symbol::new("ACR-7-2025-USD").unwrap());
        let next = commands(&listings, &terms, &listed);
        let [Command::ListInstrument(instrument)] = next.as_slice() else { panic!("{next:?}") };
        assert_eq!(instrument.symbol.as_str(), "VCS-191-2016-USD");
        assert_eq!((instrument.base, instrument.quote), (AssetId::new(1), AssetId::new(0)));

        listed.instruments.insert(instrument.symbol);
        assert_eq!(commands(&listings, &terms, &listed), []);
    }
}
