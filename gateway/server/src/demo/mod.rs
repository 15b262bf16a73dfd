//! `serve --demo`: real projects from the built-in table, demonstration accounts with cash and real blocks of credits, and a
//! market maker that quotes made-up prices, so that a newcomer's venue is alive at once.
//!
//! Every step looks first whether it was done, so a start that was interrupted is completed by the next.

mod accounts;
mod blocks;
mod prices;
mod quoting;

use cx_api::{AppState, listing};
use cx_registry::{Options, Source, import};

use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;
use crate::venue::Running;
use accounts::Accounts;
pub use accounts::generate_password;
use quoting::Quotes;

/// A prepared demonstration: what its market maker is to quote.
pub struct Demonstration {
    quotes: Quotes,
}

/// Makes what is missing: listings, accounts, cash, credits.
pub async fn prepare(running: &Running, settings: &Settings) -> Result<Demonstration, Failure> {
    let state = &running.state;
    let report = import(&state.store, &[Source::Shipped], Options::default())
        .await
        .or_exit(Code::Database, "importing the built-in projects")?;
    let listed =
        listing::list(state, &report.listings).await.or_exit(Code::Internal, "listing the built-in projects")?;
    if listed > 0 {
        let instruments = state.venue.read().market.listings().instruments().len();
        tracing::info!(projects = report.projects, instruments, "listed real projects from the built-in table");
    }
    let accounts = Accounts::ensure(state, &settings.data).await?;
    accounts.fund(state).await?;
    let blocks = blocks::issue(state, accounts.maker, accounts.admin)
        .await
        .or_exit(Code::Database, "issuing blocks to the market maker")?;
    if blocks > 0 {
        tracing::info!(blocks, "credited real blocks to the market maker");
    }
    accounts.tell();
    let quotes = Quotes::plan(state, accounts.maker_account).await.or_exit(Code::Database, "planning quotes")?;
    quotes.place(state).await;
    running.flush().await;
    Ok(Demonstration { quotes })
}

impl Demonstration {
    /// Keeps the market maker's quotes in the book, for ever.
    pub async fn quote(self, state: AppState) {
        self.quotes.keep(&state).await;
    }
}
