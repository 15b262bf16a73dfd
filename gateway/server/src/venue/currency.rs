//! The venue's currency among the exchange's assets.

use cx_api::AppState;
use cx_engine::ids::AssetId;
use cx_market_data::Listings;

/// The currency that the venue trades in.
const CURRENCY: &str = "USD";

/// The currency's asset.
pub fn of_venue(state: &AppState) -> AssetId {
    among(state.venue.read().market.listings())
}

/// The currency's asset in these listings.
pub fn among(listings: &Listings) -> AssetId {
    listings.asset_by_code(CURRENCY).expect("the currency is added at every start").asset
}
