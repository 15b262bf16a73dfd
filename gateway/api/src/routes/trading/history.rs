//! Orders and trades of an account, old and new: SQL has the history, the folds have what the sink has not written yet.
//! Every list is the two merged, so what was just done is always in it.

use cx_engine::command::Side;
use cx_engine::ids::{AccountId, InstrumentId, OrderId, Seq, TradeId};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, Price, Quantity, Timestamp};
use cx_market_data::{ExecType, ExecutionReport, Liquidity, OrderState, OrderStatus, PublicTrade};
use cx_store::history::{OrderFilter, OrderRow, OrderStatus as RowStatus, TradeRow};
use cx_store::{Page, PageRequest};

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
    /// Whether it was reversed.
    pub busted: bool,
}

impl OwnTrade {
    /// A public trade with the aggressor's side and fee.
    pub(crate) fn of_public(trade: &PublicTrade) -> Self {
        Self {
            trade: trade.trade,
            time: trade.time,
            instrument: trade.instrument,
            side: trade.taker_side,
            price: trade.price,
            quantity: trade.quantity,
            liquidity: Liquidity::Taker,
            fee: trade.taker_fee,
            busted: trade.busted,
        }
    }

    /// The trade that a report tells of; `None` for other reports.
    fn of_report(report: &ExecutionReport) -> Option<Self> {
        let fill = report.fill.filter(|_| report.exec_type == ExecType::Trade)?;
        Some(Self {
            trade: fill.trade,
            time: report.time,
            instrument: report.order.instrument,
            side: fill.side,
            price: fill.price,
            quantity: fill.quantity,
            liquidity: fill.liquidity,
            fee: fill.fee,
            busted: false,
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
            busted: row.busted,
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
        RowStatus::Expired => OrderStatus::Cancelled(CancelReason::Expired),
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
        self_trade: row.self_trade,
        display: row.display,
        stop_price: row.stop_price.unwrap_or(Price::NONE),
        triggered: row.triggered,
        quote_quantity: row.quote_quantity,
        busted: Quantity::ZERO,
        expires: row.expires,
        // What it holds is known of open orders only, and those come from the folds.
        held: Amount::ZERO,
        client_order_id: row.client_order_id,
        accepted: row.seq,
        accepted_at: row.created,
        updated: row.seq,
        updated_at: row.updated,
        resting: status.is_open(),
        status,
    }
}

/// Rows of SQL from number `first` on, of `total`.
#[derive(Debug)]
struct Slice<T> {
    items: Vec<T>,
    first: u64,
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
    // Taken before the folds are read: what SQL has then is not news, and what comes later is in the folds.
    let mut snapshot = state.store.snapshot().await?;
    let news = newer_orders(&state.venue.read(), account, filter, snapshot.cursor().seq);
    let (first, count) = reach(page, news.len());
    let (rows, total) = snapshot.orders(account, filter, first, count).await?;
    let rows = Slice { items: rows.iter().map(of_row).collect(), first, total };
    let mut page = merge(news, rows, page, |order| order.accepted.get());
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
    let mut snapshot = state.store.snapshot().await?;
    let (news, busts) = newer_trades(&state.venue.read(), account, snapshot.cursor().seq);
    let (first, count) = reach(page, news.len());
    let (rows, total) = snapshot.trades(account, first, count).await?;
    let rows = Slice { items: rows.iter().filter_map(|row| OwnTrade::of_row(row, account)).collect(), first, total };
    let mut page = merge(news, rows, page, |trade| trade.trade.get());
    for trade in page.items.iter_mut().filter(|trade| busts.contains(&trade.trade)) {
        trade.busted = true;
    }
    Ok(page)
}

/// The account's fills after `cursor`, newest first, and which trades were reversed since, as far as reports are kept.
fn newer_trades(folds: &Folds, account: AccountId, cursor: Seq) -> (Vec<OwnTrade>, Vec<TradeId>) {
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
    let newer = || reports.iter().rev().filter(|report| report.seq > cursor);
    let busts = newer().filter(|report| report.exec_type == ExecType::Bust).filter_map(|report| report.fill);
    (newer().filter_map(OwnTrade::of_report).collect(), busts.map(|fill| fill.trade).collect())
}

/// Which rows of SQL a page may need when `news` items come between them: the first and how many.
fn reach(page: PageRequest, news: usize) -> (u64, u64) {
    let (offset, news) = (u64::try_from(page.offset()).unwrap_or(0), news as u64);
    let first = offset.saturating_sub(news);
    (first, offset + u64::from(page.per_page()) - first)
}

/// Merges what is new with rows of SQL, both sorted by falling key and with nothing in common, and cuts the page out.
fn merge<T>(news: Vec<T>, rows: Slice<T>, page: PageRequest, key: impl Fn(&T) -> u64) -> Page<T> {
    let Slice { items: rows, first, total } = rows;
    let total = total + news.len() as u64;
    // How many new items stand before the first row that was read.
    let before = match rows.first() {
        Some(row) if first > 0 => news.iter().take_while(|item| key(item) > key(row)).count(),
        None if first > 0 => news.len(),
        _ => 0,
    };
    let mut merged: Vec<T> = news.into_iter().skip(before).chain(rows).collect();
    merged.sort_by_key(|item| std::cmp::Reverse(key(item)));
    let start = first + before as u64;
    let skip = u64::try_from(page.offset()).unwrap_or(0).saturating_sub(start);
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let items = merged.into_iter().skip(skip).take(page.per_page() as usize).collect();
    Page { items, total, request: page }
}

#[cfg(test)]
mod tests;
