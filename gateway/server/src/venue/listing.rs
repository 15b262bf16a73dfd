//! Lists what the store knows as assets and instruments of the exchange.

use cx_api::AppState;
use cx_engine::Command;
use cx_engine::ids::AssetId;
use cx_engine::reject::Reject;
use cx_engine::units::FeeRate;
use cx_market_data::Listings;
use cx_pipeline::SubmitError;
use cx_registry::{Listed, Listing, ListingTerms, listing};

use super::{Refused, answer};
use crate::settings::Settings;

/// The currency that the venue trades in.
pub const CURRENCY: &str = "USD";

/// The terms for new instruments that the operator has set.
pub fn terms(settings: &Settings) -> ListingTerms {
    let rate = |ppm| FeeRate::from_ppm(ppm).expect("the settings were checked");
    ListingTerms {
        maker_fee: rate(settings.maker_fee_ppm),
        taker_fee: rate(settings.taker_fee_ppm),
        ..ListingTerms::default()
    }
}

/// Adds the currency, and an asset and instrument for each of these vintages, where they are missing. Answers how many
/// instruments are new. Repeating it does no harm.
pub async fn list(state: &AppState, listings: &[Listing], terms: &ListingTerms) -> Result<usize, Refused> {
    let before = state.venue.read().market.listings().instruments().len();
    loop {
        let commands = listing::commands(listings, terms, &listed(state));
        if commands.is_empty() {
            let after = state.venue.read().market.listings().instruments().len();
            return Ok(after - before);
        }
        run(state, &commands).await?;
    }
}

fn listed(state: &AppState) -> Listed {
    let folds = state.venue.read();
    let listings = folds.market.listings();
    Listed {
        assets: listings.assets().iter().map(|asset| (asset.code, asset.asset)).collect(),
        instruments: listings.instruments().iter().map(|instrument| instrument.symbol).collect(),
    }
}

/// Submits all, then waits for all: they share the journal's syncs.
async fn run(state: &AppState, commands: &[Command]) -> Result<(), Refused> {
    let mut waiting = Vec::with_capacity(commands.len());
    for &command in commands {
        loop {
            match state.sequencer.submit(command) {
                Ok(pending) => break waiting.push(pending),
                // The ring is full of our own commands: let the oldest finish.
                Err(SubmitError::Overloaded) if !waiting.is_empty() => {
                    answer(waiting.remove(0), |reason| reason == Reject::AlreadyExists).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    for pending in waiting {
        // Somebody else may have listed the same meanwhile.
        answer(pending, |reason| reason == Reject::AlreadyExists).await?;
    }
    Ok(())
}

/// The currency's asset.
pub fn currency(state: &AppState) -> AssetId {
    currency_of(state.venue.read().market.listings())
}

/// The currency's asset in these listings.
pub fn currency_of(listings: &Listings) -> AssetId {
    listings.asset_by_code(CURRENCY).expect("the currency is added at every start").asset
}
