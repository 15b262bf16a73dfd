//! Lists vintages on the exchange: adds the assets and instruments that are missing.
//!
//! What is missing is asked of the folds, which hold everything that is durable; the exchange itself refuses what is there
//! already, so two that list the same vintage at once do no harm.

use cx_engine::event::Event;
use cx_engine::reject::Reject;
use cx_registry::listing::{Listed, Listing, ListingTerms, commands};

use crate::problem::Problem;
use crate::routes::trading::desk;
use crate::state::AppState;

/// Assets, then instruments, then nothing more to do; one more for somebody else's listing in between.
const ROUNDS: usize = 4;

/// What the exchange has, from the folds.
fn listed(state: &AppState) -> Listed {
    let folds = state.venue.read();
    let listings = folds.market.listings();
    Listed {
        assets: listings.assets().iter().map(|asset| (asset.code, asset.asset)).collect(),
        instruments: listings.instruments().iter().map(|instrument| instrument.symbol).collect(),
    }
}

/// Lists these vintages on the exchange's usual terms, as far as they are not listed, and waits until that is durable.
/// Answers how many commands it took; 0 when everything was there.
pub async fn list(state: &AppState, listings: &[Listing]) -> Result<usize, Problem> {
    let terms = ListingTerms::default();
    let mut done = 0;
    for _ in 0..ROUNDS {
        let commands = commands(listings, &terms, &listed(state));
        if commands.is_empty() {
            return Ok(done);
        }
        // In batches, so that listing a thousand vintages does not fill the ring at once.
        for batch in commands.chunks(256) {
            let pending: Vec<_> =
                batch.iter().map(|command| desk::submit(state, *command)).collect::<Result<_, _>>()?;
            for pending in pending {
                let reply = desk::answer(pending).await?;
                match reply.own().first() {
                    Some(Event::CommandRejected(refused)) if refused.reason != Reject::AlreadyExists => {
                        return Err(desk::refusal(refused.reason));
                    }
                    _ => done += 1,
                }
            }
        }
    }
    Err(Problem::internal(&"assets and instruments are still missing after they were added"))
}
