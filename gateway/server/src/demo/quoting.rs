//! The market maker: a few levels on both sides of a made-up price, placed as ordinary post-only orders through the
//! sequencer, and placed again when they were hit.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use cx_api::AppState;
use cx_engine::Command;
use cx_engine::command::{NewOrder, Side};
use cx_engine::control::Phase;
use cx_engine::ids::{AccountId, InstrumentId};
use cx_engine::units::{Price, Quantity};
use cx_registry::facts::ProjectKey;
use cx_registry::listing::{asset_code, instrument_symbol};
use cx_registry::words::Registry;
use tokio::time::MissedTickBehavior;

use super::prices;
use crate::venue::currency;

/// How often quotes that were hit are placed again.
const EVERY: Duration = Duration::from_secs(2);
/// Tonnes at each level, from the touch outwards.
const LEVELS: [u64; 5] = [20, 35, 50, 80, 120];

/// What the market maker wants in the book.
pub struct Quotes {
    account: AccountId,
    wanted: Vec<NewOrder>,
}

impl Quotes {
    /// Quotes for every instrument of which the market maker has credits.
    pub async fn plan(state: &AppState, account: AccountId) -> anyhow::Result<Self> {
        let vintages = state.store.projects().all_vintages().await?;
        let folds = state.venue.read();
        let listings = folds.market.listings();
        let currency = listings.asset(currency::among(listings)).expect("it was just found").code;
        let mut wanted = Vec::new();
        for vintage in vintages {
            let registry = Registry::parse(&vintage.registry);
            let Some(key) = registry.and_then(|registry| ProjectKey::new(registry, &vintage.number)) else { continue };
            let code = asset_code(&key, vintage.year);
            let symbol = instrument_symbol(&key, vintage.year, currency);
            let Some(asset) = listings.asset_by_code(code.as_str()) else { continue };
            let Some(instrument) = listings.instrument_by_symbol(symbol.as_str()) else { continue };
            let balance = folds.accounts.balance(account, asset.asset);
            if balance.available.plus(balance.held).minor() > 0 {
                let ticks = prices::cents(&vintage.project_type, vintage.year);
                wanted.extend(ladder(account, instrument.instrument, ticks));
            }
        }
        Ok(Self { account, wanted })
    }

    /// Places what is wanted and not there.
    pub async fn place(&self, state: &AppState) {
        let missing = self.missing(state);
        let submitted: Vec<_> =
            missing.into_iter().map(|order| state.sequencer.submit(Command::Place(order))).collect();
        for pending in submitted {
            // A quote that finds no money, or an order in its way, waits for the next round.
            let Ok(pending) = pending else { return };
            if pending.await.is_err() {
                return;
            }
        }
    }

    /// Keeps them there, for ever.
    pub async fn keep(&self, state: &AppState) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.place(state).await;
        }
    }

    fn missing(&self, state: &AppState) -> Vec<NewOrder> {
        let folds = state.venue.read();
        let open: HashSet<(InstrumentId, Side, Price)> =
            folds.accounts.open_orders(self.account).map(|order| (order.instrument, order.side, order.price)).collect();
        let mut touch: HashMap<InstrumentId, (Option<Price>, Option<Price>)> = HashMap::new();
        let passive = |order: &&NewOrder| {
            let (bid, ask) = *touch.entry(order.instrument).or_insert_with(|| {
                let book = folds.market.book(order.instrument);
                let best = |side| book.and_then(|book| book.best(side)).map(|level| level.price);
                (best(Side::Buy), best(Side::Sell))
            });
            // It is post-only: in the way of somebody's order it would be refused, again and again.
            match order.side {
                Side::Buy => ask.is_none_or(|ask| order.price < ask),
                Side::Sell => bid.is_none_or(|bid| order.price > bid),
            }
        };
        // Where trading is suspended, closed or halted, quotes wait.
        let taken = |order: &&NewOrder| {
            let phase = folds.market.session(order.instrument).phase;
            !folds.market.halted() && (phase == Phase::Continuous || phase == Phase::PostOnly || phase.collects())
        };
        let absent = |order: &&NewOrder| !open.contains(&(order.instrument, order.side, order.price));
        self.wanted.iter().filter(taken).filter(absent).filter(passive).copied().collect()
    }
}

/// Both sides around a price, from the touch outwards: a spread of about 1%, levels about half a percent apart.
fn ladder(account: AccountId, instrument: InstrumentId, ticks: i64) -> impl Iterator<Item = NewOrder> {
    let step = (ticks / 200).max(1);
    LEVELS.into_iter().zip(1..).flat_map(move |(tonnes, level)| {
        [(Side::Buy, ticks - level * step), (Side::Sell, ticks + level * step)].map(|(side, price)| NewOrder {
            post_only: true,
            ..NewOrder::limit(account, instrument, side, Price::from_ticks(price.max(1)), Quantity::from_lots(tonnes))
        })
    })
}
