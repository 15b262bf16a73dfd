//! The store against the journal and the exchange.

use std::collections::BTreeMap;
use std::fmt;

use cx_engine::Exchange;
use cx_engine::ids::{AccountId, AssetId, Seq, TradeId};
use cx_store::history::{LedgerSum, Unbalanced};
use cx_store::ledger::LedgerAccount;
use cx_store::sink::Cursor;
use cx_store::{Store, StoreError, clock};

use crate::Expectation;

/// Findings of one kind that are listed at most.
const LISTED_MAX: u32 = 20;

/// What was counted or summed up on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // each is what its words say; see `words`
pub enum Measure {
    Events,
    Orders,
    OrdersAtCursor,
    RejectedOrders,
    OpenOrders,
    OpenLots,
    FilledLots,
    FilledWorth,
    OrderFees,
    Trades,
    TradesAtCursor,
    TradedLots,
    TradedWorth,
    TradeFees,
    BustedTrades,
    BustedLots,
    Decisions,
}

impl Measure {
    /// For a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Events => "events applied, by the cursor",
            Self::Orders => "orders",
            Self::OrdersAtCursor => "orders, by the cursor",
            Self::RejectedOrders => "refused orders",
            Self::OpenOrders => "open orders",
            Self::OpenLots => "lots of open orders",
            Self::FilledLots => "filled lots of orders",
            Self::FilledWorth => "worth of orders' fills",
            Self::OrderFees => "fees of orders",
            Self::Trades => "trades",
            Self::TradesAtCursor => "trades, by the cursor",
            Self::TradedLots => "traded lots",
            Self::TradedWorth => "worth of trades",
            Self::TradeFees => "fees of trades",
            Self::BustedTrades => "reversed trades",
            Self::BustedLots => "lots of reversed trades",
            Self::Decisions => "decisions of staff and rules",
        }
    }
}

/// Something that does not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The store has events that the journal does not have: the journal was lost or replaced.
    StoreAhead {
        /// How far the store is.
        cursor: Seq,
        /// Where the journal ends.
        tip: Seq,
    },
    /// The events shown do not begin with the first, or hold impossible ones: counts and sums cannot be compared.
    EventsIncomplete {
        /// The first event that was shown.
        first: Option<Seq>,
        /// How many were impossible.
        impossible: u64,
    },
    /// A count or sum differs.
    Differs {
        /// Of what.
        measure: Measure,
        /// What the store says.
        stored: i128,
        /// What the journal says.
        expected: i128,
    },
    /// A balance by the ledger is not the exchange's.
    BalanceDiffers {
        /// Whose.
        account: AccountId,
        /// Of which asset.
        asset: AssetId,
        /// The ledger's sum, in minor units.
        stored: i128,
        /// The exchange's available and held, in minor units.
        expected: i128,
    },
    /// What the ledger says is in the venue is not what the exchange says.
    SupplyDiffers {
        /// Of which asset.
        asset: AssetId,
        /// Minus the sums of the accounts of the outside.
        stored: i128,
        /// The exchange's.
        expected: i128,
    },
    /// An event's lines do not sum to zero.
    Unbalanced(Unbalanced),
    /// A trade with a side that was not permitted to trade at that point.
    UnpermittedTrade(TradeId),
    /// An account may trade although its owner's standing does not allow it.
    UnduePermission(AccountId),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreAhead { cursor, tip } => {
                write!(f, "the store stands at command {}, the journal ends at {}", cursor.get(), tip.get())
            }
            Self::EventsIncomplete { first, impossible } => {
                let first = first.unwrap_or_default().get();
                write!(f, "the events begin at command {first}, and {impossible} of them cannot be")
            }
            Self::Differs { measure, stored, expected } => {
                write!(f, "{}: the store has {stored}, the journal {expected}", measure.words())
            }
            Self::BalanceDiffers { account, asset, stored, expected } => write!(
                f,
                "balance of account {} in asset {}: the ledger has {stored}, the exchange {expected}",
                account.get(),
                asset.get()
            ),
            Self::SupplyDiffers { asset, stored, expected } => {
                write!(f, "supply of asset {}: the ledger has {stored}, the exchange {expected}", asset.get())
            }
            Self::Unbalanced(off) => {
                let (seq, asset) = (off.seq.get(), off.asset.get());
                write!(f, "the ledger lines of event {seq}.{} are off by {} in asset {asset}", off.index, off.amount)
            }
            Self::UnpermittedTrade(trade) => {
                write!(f, "trade {} has a side that was not permitted to trade", trade.get())
            }
            Self::UnduePermission(account) => {
                write!(f, "account {} may trade, but its owner's standing does not allow it", account.get())
            }
        }
    }
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// How far the store is.
    pub cursor: Cursor,
    /// Commands that the store is behind the journal; no finding, it catches up.
    pub lag: u64,
    /// Balances that were compared.
    pub balances: u64,
    /// Everything that does not agree.
    pub findings: Vec<Finding>,
}

/// Compares the store with the events shown to `expectation` (from the first to the last) and with the `exchange` that
/// made them. Reads whole tables; nothing may move the sink's cursor meanwhile.
pub async fn reconcile(
    store: &Store,
    expectation: &Expectation,
    exchange: &Exchange,
) -> Result<Reconciliation, StoreError> {
    let cursor = store.sink_cursor().await?;
    let mut findings = Vec::new();
    let tip = exchange.seq();
    if cursor.seq > tip {
        findings.push(Finding::StoreAhead { cursor: cursor.seq, tip });
    }
    let complete = tip == Seq::ZERO || (expectation.first == Some(Seq::ZERO.next()) && expectation.tip == tip);
    if !complete || expectation.impossible > 0 || expectation.cursor().seq != cursor.seq {
        findings.push(Finding::EventsIncomplete { first: expectation.first, impossible: expectation.impossible });
    }
    differences(store, expectation, cursor, &mut findings).await?;
    let sums = store.ledger().sums().await?;
    let balances = balances(&sums, expectation, exchange, &mut findings);
    supplies(&sums, expectation, exchange, &mut findings);
    findings.extend(store.ledger().unbalanced(LISTED_MAX).await?.into_iter().map(Finding::Unbalanced));
    findings.extend(store.trades().unpermitted(LISTED_MAX).await?.into_iter().map(Finding::UnpermittedTrade));
    let undue = store.permissions().undue(clock::now_micros(), LISTED_MAX).await?;
    findings.extend(undue.into_iter().map(Finding::UnduePermission));
    Ok(Reconciliation { cursor, lag: tip.get().saturating_sub(cursor.seq.get()), balances, findings })
}

async fn differences(
    store: &Store,
    expectation: &Expectation,
    cursor: Cursor,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let (orders, trades) = (store.orders().totals().await?, store.trades().totals().await?);
    let (expected_orders, expected_trades) = (expectation.order_totals(), expectation.trades);
    let pairs = [
        (Measure::Events, cursor.events.into(), expectation.events.into()),
        (Measure::Orders, orders.count.into(), expected_orders.count.into()),
        (Measure::OrdersAtCursor, cursor.orders.into(), expected_orders.count.into()),
        (Measure::RejectedOrders, orders.rejected.into(), expected_orders.rejected.into()),
        (Measure::OpenOrders, orders.open.into(), expected_orders.open.into()),
        (Measure::OpenLots, orders.leaves, expected_orders.leaves),
        (Measure::FilledLots, orders.filled, expected_orders.filled),
        (Measure::FilledWorth, orders.notional, expected_orders.notional),
        (Measure::OrderFees, orders.fees, expected_orders.fees),
        (Measure::Trades, trades.count.into(), expected_trades.count.into()),
        (Measure::TradesAtCursor, cursor.trades.into(), expected_trades.count.into()),
        (Measure::TradedLots, trades.quantity, expected_trades.quantity),
        (Measure::TradedWorth, trades.notional, expected_trades.notional),
        (Measure::TradeFees, trades.fees, expected_trades.fees),
        (Measure::BustedTrades, trades.busted.into(), expected_trades.busted.into()),
        (Measure::BustedLots, trades.busted_quantity, expected_trades.busted_quantity),
        (Measure::Decisions, store.control_events().await?.into(), expectation.controls.into()),
    ];
    let differ = pairs.into_iter().filter(|(_, stored, expected)| stored != expected);
    findings.extend(differ.map(|(measure, stored, expected)| Finding::Differs { measure, stored, expected }));
    Ok(())
}

/// The ledger's sums plus what moves after the cursor.
fn as_of_tip(sums: &[LedgerSum], expectation: &Expectation) -> BTreeMap<(LedgerAccount, AssetId), i128> {
    let mut all: BTreeMap<_, _> = sums.iter().map(|sum| ((sum.account, sum.asset), sum.amount)).collect();
    for (&name, &amount) in &expectation.later {
        *all.entry(name).or_default() += amount;
    }
    all
}

fn balances(sums: &[LedgerSum], expectation: &Expectation, exchange: &Exchange, findings: &mut Vec<Finding>) -> u64 {
    let mut both: BTreeMap<(AccountId, AssetId), (i128, i128)> = BTreeMap::new();
    for ((account, asset), amount) in as_of_tip(sums, expectation) {
        if let Some(account) = account.account() {
            both.entry((account, asset)).or_default().0 = amount;
        }
    }
    for (account, asset, balance) in exchange.balances() {
        both.entry((account, asset)).or_default().1 = balance.available.plus(balance.held).minor().into();
    }
    let differ = both.iter().filter(|(_, (stored, expected))| stored != expected);
    findings.extend(differ.map(|(&(account, asset), &(stored, expected))| Finding::BalanceDiffers {
        account,
        asset,
        stored,
        expected,
    }));
    both.len() as u64
}

fn supplies(sums: &[LedgerSum], expectation: &Expectation, exchange: &Exchange, findings: &mut Vec<Finding>) {
    let ledger = as_of_tip(sums, expectation);
    for asset in exchange.assets().iter().map(|asset| asset.asset) {
        let outside = ledger.iter().filter(|((account, of), _)| account.account().is_none() && *of == asset);
        let stored = -outside.map(|(_, amount)| amount).sum::<i128>();
        let expected = exchange.supply(asset).outstanding().minor().into();
        if stored != expected {
            findings.push(Finding::SupplyDiffers { asset, stored, expected });
        }
    }
}
