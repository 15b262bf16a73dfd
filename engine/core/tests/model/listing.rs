//! New assets and instruments in the model.

use cx_engine::Event;
use cx_engine::command::{AssetClass, NewAsset, NewInstrument};
use cx_engine::event::{AssetAdded, InstrumentListed};
use cx_engine::ids::{AssetId, InstrumentId};
use cx_engine::reject::Reject;

use super::venue::Instrument;
use super::{BALANCE_MAX, Flow, Model, number};

impl Model {
    pub(super) fn add_asset(&mut self, new: &NewAsset, out: &mut Vec<Event>) -> Result<(), Reject> {
        if self.assets.iter().any(|asset| asset.code == new.code) {
            return Err(Reject::AlreadyExists);
        }
        if new.scale > 9 {
            return Err(Reject::InvalidDefinition);
        }
        if self.assets.len() >= 1 << 20 {
            return Err(Reject::LimitReached);
        }
        let asset = AssetId::new(number(self.assets.len()));
        let added = AssetAdded { asset, class: new.class, scale: new.scale, code: new.code };
        self.assets.push(added);
        self.flows.push(Flow::default());
        out.push(Event::AssetAdded(added));
        Ok(())
    }

    pub(super) fn list(&mut self, new: &NewInstrument, out: &mut Vec<Event>) -> Result<(), Reject> {
        if self.instruments.iter().any(|instrument| instrument.listed.symbol == new.symbol) {
            return Err(Reject::AlreadyExists);
        }
        let base = self.asset(new.base)?;
        let quote = self.asset(new.quote)?;
        if base.class != AssetClass::Credit || quote.class != AssetClass::Cash {
            return Err(Reject::WrongAssetClass);
        }
        let price_max = i128::from(new.price_max.ticks());
        if !(1..=1_000_000_000_000).contains(&new.tick_value)
            || !(1..=BALANCE_MAX).contains(&price_max)
            || new.taker_fee.ppm() < 0
        {
            return Err(Reject::InvalidDefinition);
        }
        if self.instruments.len() >= 1 << 20 {
            return Err(Reject::LimitReached);
        }
        let listed = InstrumentListed {
            instrument: InstrumentId::new(number(self.instruments.len())),
            base: new.base,
            quote: new.quote,
            tick_value: new.tick_value,
            price_max: new.price_max,
            maker_fee: new.maker_fee,
            taker_fee: new.taker_fee,
            symbol: new.symbol,
        };
        self.instruments.push(Instrument::new(listed));
        out.push(Event::InstrumentListed(listed));
        Ok(())
    }
}
