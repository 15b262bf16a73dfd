//! Orders and trades of an account, old and new: SQL has the history, the folds have what the sink has not written yet.
//! Every list is the two merged, so what was just done is always in it.

use cx_engine::command::Side;
use cx_engine::ids::{AccountId, InstrumentId, OrderId, Seq, TradeId};
use cx_engine::money;
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_market_data::{ExecutionReport, Liquidity, OrderState, OrderStatus, PublicTrade};
use cx_store::history::{OrderFilter, OrderRow, OrderStatus as RowStatus, TradeRow};
use cx_store::{Page, PageRequest, StoreError};

use super::desk::OrderRef;
use crate::problem::Problem;
use crate::state::AppState;
use crate::venue::Folds;

/// A trade as one account took part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnTrade {
    pub trade: TradeId,
    pub time: Timestamp,
    pub instrument: InstrumentId,
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
    pub liquidity: Liquidity,
    /// In minor units of the currency.
    pub fee: i64,
}

impl OwnTrade {
    /// A public trade with the aggressor's side and fee.
    pub(crate) fn of_public(folds: &Folds, trade: &PublicTrade) -> Option<Self> {
        let listed = folds.market.listings().instrument(trade.instrument)?;
        let notional = money::notional(trade.price, trade.quantity, listed.tick_value)?;
        Some(Self {
            trade: trade.trade,
            time: trade.time,
            instrument: trade.instrument,
            side: trade.taker_side,
            price: trade.price,
            quantity: trade.quantity,
            liquidity: Liquidity::Taker,
            fee: money::fee(notional, listed.taker_fee).minor(),
        })
    }

    fn of_report(report: &ExecutionReport) -> Option<Self> {
        let fill = report.fill?;
        Some(Self {
            trade: fill.trade,
            time: report.time,
            instrument: report.order.instrument,
            side: fill.side,
            price: fill.price,
            quantity: fill.quantity,
            liquidity: fill.liquidity,
            fee: fill.fee,
        })
    }

    fn of_row(row: &TradeRow, account: AccountId) -> Option<Self> {
        let (side, _, fee, maker) = row.part_of(account)?;
        Some(Self {
            trade: row.trade,
            time: row.time,
            instrument: row.instrument,
            side,
            price: row.price,
            quantity: row.quantity,
            liquidity: if maker { Liquidity::Maker } else { Liquidity::Taker },
            fee: fee.minor(),
        })
    }
}

/// One order out of SQL: 404 unless the account has it.
pub(crate) async fn order(state: &AppState, account: AccountId, named: OrderRef) -> Result<OrderState, Problem> {
    let orders = state.store.orders();
    let row = match named {
        OrderRef::Number(seq) => orders.by_seq(seq).await?,
        OrderRef::Client(id) => orders.by_client_id(account, &id).await?,
    };
    if row.account == account { Ok(of_row(&row)) } else { Err(Problem::not_found("order")) }
}

fn of_row(row: &OrderRow) -> OrderState {
    let status = match row.status {
        RowStatus::Open => OrderStatus::Open,
        RowStatus::PartiallyFilled => OrderStatus::PartiallyFilled,
        RowStatus::Filled => OrderStatus::Filled,
        RowStatus::Cancelled => OrderStatus::Cancelled(row.cancel_reason.unwrap_or(CancelReason::Requested)),
        RowStatus::Rejected => OrderStatus::Rejected(row.reject_reason.unwrap_or(Reject::UnknownOrder)),
    };
    let leaves = if status.is_open() { row.quantity.minus(row.filled) } else { Quantity::ZERO };
    OrderState {
        order: row.handle.unwrap_or(OrderId::NONE),
        account: row.account,
        instrument: row.instrument,
        side: row.side,
        kind: row.kind,
        time_in_force: row.time_in_force,
        post_only: row.post_only,
        price: row.price.unwrap_or(Price::NONE),
        quantity: row.quantity,
        leaves,
        filled: row.filled,
        cumulative_notional: i128::from(row.notional.minor()),
        fees: i128::from(row.fees.minor()),
        client_order_id: row.client_order_id,
        accepted: row.seq,
        accepted_at: row.created,
        updated: row.seq,
        updated_at: row.updated,
        resting: status.is_open(),
        status,
    }
}

/// Part of a sorted list.
#[derive(Debug)]
struct Slice<T> {
    items: Vec<T>,
    total: u64,
}

/// An account's orders, newest first.
pub(crate) async fn orders(
    state: &AppState,
    account: AccountId,
    filter: OrderFilter,
    page: PageRequest,
) -> Result<Page<OrderState>, Problem> {
    if filter.status.is_some_and(RowStatus::is_open) {
        return Ok(open_orders(&state.venue.read(), account, filter, page));
    }
    // Read before the folds: whatever SQL had then is not news, and whatever comes later is in the folds.
    let cursor = state.store.sink_cursor().await?.seq;
    let news = newer_orders(&state.venue.read(), account, filter, cursor);
    let (first, count) = reach(page, news.len());
    let read = |page| {
        let store = state.store.clone();
        async move { store.orders().page(account, filter, page).await }
    };
    let rows = slice(first, count, read).await?;
    let mut page = merge(news, rows.map(|row| of_row(&row)), first, page, |order| order.accepted.get());
    refresh(&state.venue.read(), &mut page.items);
    Ok(page)
}

/// Open orders are all in the folds.
fn open_orders(folds: &Folds, account: AccountId, filter: OrderFilter, page: PageRequest) -> Page<OrderState> {
    let all: Vec<_> = folds.accounts.open_orders(account).filter(|order| fits(order, filter)).copied().collect();
    let total = all.len() as u64;
    let skip = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let items = all.into_iter().skip(skip).take(page.per_page() as usize).collect();
    Page { items, total, request: page }
}

fn fits(order: &OrderState, filter: OrderFilter) -> bool {
    filter.status.is_none_or(|status| status.code() == order.status.code())
        && filter.side.is_none_or(|side| side == order.side)
        && filter.instrument.is_none_or(|instrument| instrument == order.instrument)
}

/// Orders that the filter wants and that SQL did not give it at `cursor`, newest first: without a status those placed since;
/// with a final status (a row that ended never changes again) those that ended since.
fn newer_orders(folds: &Folds, account: AccountId, filter: OrderFilter, cursor: Seq) -> Vec<OrderState> {
    let is_news = |order: &OrderState| match filter.status {
        None => order.accepted > cursor,
        Some(_) => order.updated > cursor,
    };
    let all = folds.accounts.open_orders(account).chain(folds.accounts.closed_orders(account));
    let mut news: Vec<_> = all.filter(|order| is_news(order) && fits(order, filter)).copied().collect();
    news.sort_unstable_by_key(|order| std::cmp::Reverse(order.accepted));
    news
}

/// Rows of SQL may be behind: where the folds have the order too, theirs is newer.
fn refresh(folds: &Folds, orders: &mut [OrderState]) {
    for order in orders {
        if let Some(now) = folds.accounts.order(order.account, order.accepted) {
            *order = *now;
        }
    }
}

/// An account's trades, newest first.
pub(crate) async fn trades(state: &AppState, account: AccountId, page: PageRequest) -> Result<Page<OwnTrade>, Problem> {
    let cursor = state.store.sink_cursor().await?.seq;
    let news = newer_trades(&state.venue.read(), account, cursor);
    let (first, count) = reach(page, news.len());
    let read = |page| {
        let store = state.store.clone();
        async move { store.trades().page(account, page).await }
    };
    let rows = slice(first, count, read).await?;
    let rows = rows.filter_map(|row| OwnTrade::of_row(&row, account));
    Ok(merge(news, rows, first, page, |trade| trade.trade.get()))
}

/// The account's fills after `cursor`, newest first, as far as reports are kept.
fn newer_trades(folds: &Folds, account: AccountId, cursor: Seq) -> Vec<OwnTrade> {
    let last = folds.accounts.report_number(account);
    let mut reports = Vec::new();
    let mut reach = 64;
    while let Some(more) = folds.accounts.reports_since(account, last.saturating_sub(reach)) {
        reports = more;
        let enough = reports.first().is_none_or(|oldest| oldest.seq <= cursor) || reach >= last;
        if enough {
            break;
        }
        reach *= 4;
    }
    reports.iter().rev().filter(|report| report.seq > cursor).filter_map(OwnTrade::of_report).collect()
}

/// Which rows of SQL a page may need when `news` items come between them: the first and how many.
fn reach(page: PageRequest, news: usize) -> (u64, u64) {
    let (offset, news) = (u64::try_from(page.offset()).unwrap_or(0), news as u64);
    let first = offset.saturating_sub(news);
    (first, offset + u64::from(page.per_page()) - first)
}

/// Rows `first..first + count`, read in the pages that the store gives.
async fn slice<T, R>(first: u64, count: u64, read: impl Fn(PageRequest) -> R) -> Result<Slice<T>, Problem>
where
    R: Future<Output = Result<Page<T>, StoreError>>,
{
    let size = u64::from(PageRequest::PER_PAGE_MAX);
    let (mut items, mut number) = (Vec::new(), first / size);
    loop {
        let asked = PageRequest::new(u32::try_from(number + 1).unwrap_or(u32::MAX), PageRequest::PER_PAGE_MAX);
        let page = read(asked).await?;
        let total = page.total;
        items.extend(page.items);
        number += 1;
        if number * size >= (first + count).min(total) {
            let skip = usize::try_from(first % size).unwrap_or(0);
            let items = items.into_iter().skip(skip).take(usize::try_from(count).unwrap_or(usize::MAX)).collect();
            return Ok(Slice { items, total });
        }
    }
}

impl<T> Slice<T> {
    fn map<U>(self, turn: impl FnMut(T) -> U) -> Slice<U> {
        Slice { items: self.items.into_iter().map(turn).collect(), total: self.total }
    }

    fn filter_map<U>(self, turn: impl FnMut(T) -> Option<U>) -> Slice<U> {
        Slice { items: self.items.into_iter().filter_map(turn).collect(), total: self.total }
    }
}

/// Merges what is new with rows of SQL from row `first` on, both sorted by falling key, and cuts the page out. What SQL got
/// meanwhile is not shown twice.
fn merge<T>(news: Vec<T>, rows: Slice<T>, first: u64, page: PageRequest, key: impl Fn(&T) -> u64) -> Page<T> {
    let is_there = |item: &T| rows.items.iter().any(|row| key(row) == key(item));
    let news: Vec<T> = news.into_iter().filter(|item| !is_there(item)).collect();
    let total = rows.total + news.len() as u64;
    // How many new items stand before the first row that was read.
    let before = match rows.items.first() {
        Some(row) if first > 0 => news.iter().take_while(|item| key(item) > key(row)).count(),
        None if first > 0 => news.len(),
        _ => 0,
    };
    let mut merged: Vec<T> = news.into_iter().skip(before).chain(rows.items).collect();
    merged.sort_by_key(|item| std::cmp::Reverse(key(item)));
    let start = first + before as u64;
    let skip = u64::try_from(page.offset()).unwrap_or(0).saturating_sub(start);
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let items = merged.into_iter().skip(skip).take(page.per_page() as usize).collect();
    Page { items, total, request: page }
}

#[cfg(test)]
mod tests;
