//! Orders, trades and holdings as REST clients see them (API.md section 2): decimals as JSON numbers, times in RFC 3339.

use chrono::{DateTime, SecondsFormat, Utc};
use cx_engine::command::TimeInForce;
use cx_engine::ids::AccountId;
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Timestamp};
use cx_market_data::{Decimals, OrderState, OrderStatus, Scaled};
use cx_store::{PublicId, PublicIdKind};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::history::OwnTrade;
use crate::number::Number;
use crate::venue::decimal::{average_price, cash, ratio, trimmed};
use crate::venue::facts::Facts;
use crate::venue::{Quoted, decimal};

/// A decimal as a JSON number.
pub(crate) fn number(value: Scaled) -> Number {
    // 96 bits hold every price, quantity and amount; sums of sums that do not fit show their largest value.
    Number::new(Decimal::try_from_i128_with_scale(value.mantissa, u32::from(value.scale)).unwrap_or(Decimal::MAX))
}

/// A moment in RFC 3339, UTC, to the microsecond.
pub(crate) fn instant(at: Timestamp) -> String {
    let micros = i64::try_from(at.nanos() / 1_000).unwrap_or(i64::MAX);
    of_micros(micros)
}

/// Microseconds since the epoch in RFC 3339, UTC.
pub(crate) fn of_micros(micros: i64) -> String {
    let at = DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// `100 x part / whole` with two digits; 0 for a whole of nothing.
pub(crate) fn percentage(part: i128, whole: i128) -> Number {
    let exact = part.checked_mul(100).and_then(|part| ratio(part, whole, 2));
    exact.map_or(Number::ZERO, number)
}

/// The word for how long an order lives.
pub(crate) const fn time_in_force(value: TimeInForce) -> &'static str {
    match value {
        TimeInForce::GoodTillCancelled => "GTC",
        TimeInForce::ImmediateOrCancel => "IOC",
        TimeInForce::FillOrKill => "FOK",
        TimeInForce::Day => "DAY",
        TimeInForce::GoodTillDate => "GTD",
    }
}

/// An order.
#[allow(clippy::struct_field_names)] // the contract's names
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Order {
    /// The number in the public id.
    pub id: u64,
    pub uuid: Uuid,
    #[schema(example = "ORD-20260307-0000001A")]
    pub order_id: String,
    pub client_order_id: Option<String>,
    pub symbol: String,
    pub order_type: &'static str,
    pub side: &'static str,
    pub status: &'static str,
    pub credit_type: String,
    pub project_id: Option<i64>,
    pub vintage_year: Option<i32>,
    pub quantity: Number,
    pub filled_quantity: Number,
    pub remaining_quantity: Number,
    pub fill_percentage: Number,
    pub price: Option<Number>,
    /// Where a stop goes off (a trailing one: as it stands), or went off.
    pub stop_price: Option<Number>,
    /// Whether it is a stop that went off: a limit or market order since.
    pub triggered: bool,
    /// The cash that a market buy may spend; null for orders with a quantity.
    pub quote_quantity: Option<Number>,
    pub average_fill_price: Option<Number>,
    /// Limit orders: price times quantity; market orders: what their fills were worth.
    pub total_value: Option<Number>,
    pub currency: String,
    pub fees: Number,
    pub time_in_force: &'static str,
    /// When it ends by itself.
    pub expires_at: Option<String>,
    /// Whether it had to rest.
    pub post_only: bool,
    /// How much of it the book shows at a time; null for all.
    pub display_quantity: Option<Number>,
    /// What happens when it meets an order of its own owner.
    pub self_trade_prevention: &'static str,
    pub created_at: String,
    pub updated_at: String,
    pub submitted_at: Option<String>,
    pub closed_at: Option<String>,
    /// Why it was refused, as a code.
    pub reject_reason: Option<&'static str>,
}

/// An order with everything.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FullOrder {
    #[serde(flatten)]
    pub order: Order,
    /// The owner's integer id.
    pub user_id: u32,
    /// Why it ended unfilled, in words; empty otherwise.
    pub notes: &'static str,
    pub risk_limit_checked: bool,
    pub compliance_checked: bool,
}

impl Order {
    /// An order in the words of its instrument.
    pub(crate) fn of(quoted: &Quoted, facts: &Facts, order: &OrderState) -> Self {
        let decimals = &quoted.decimals;
        let id = crate::ws::messages::order_id(order);
        let lots = |value: cx_engine::units::Quantity| number(decimals.quantity(value));
        let filled = order.filled.lots().min(order.quantity.lots());
        let remaining = cx_engine::units::Quantity::from_lots(order.quantity.lots() - filled);
        let shown = match u64::from(order.display.lots()) {
            0 => None,
            shown => Some(cx_engine::units::Quantity::from_lots(shown)),
        };
        let (is_limit, rejected) = (order.kind.is_limited(), rejection(order.status));
        Self {
            id: order.accepted.get(),
            uuid: id.uuid(),
            order_id: id.to_string(),
            client_order_id: order.client_order_id.map(|id| id.to_string()),
            symbol: quoted.symbol.to_string(),
            order_type: order.kind.code(),
            side: order.side.code(),
            status: order.status.code(),
            credit_type: facts.credit_type.clone(),
            project_id: facts.project_id,
            vintage_year: facts.vintage_year,
            quantity: lots(order.quantity),
            filled_quantity: lots(order.filled),
            remaining_quantity: lots(remaining),
            fill_percentage: percentage(i128::from(filled), i128::from(order.quantity.lots())),
            price: is_limit.then(|| number(decimals.price(order.price))),
            stop_price: (order.stop_price != Price::NONE).then(|| number(decimals.price(order.stop_price))),
            triggered: order.triggered,
            quote_quantity: order
                .is_by_cash()
                .then(|| number(cash(order.quote_quantity.minor().into(), decimals.minor.scale))),
            average_fill_price: average_price(order, decimals).map(number),
            total_value: total_value(order, decimals),
            currency: quoted.currency.to_string(),
            fees: number(cash(order.fees, decimals.minor.scale)),
            time_in_force: time_in_force(order.time_in_force),
            expires_at: (order.expires > Timestamp::default()).then(|| instant(order.expires)),
            post_only: order.post_only,
            display_quantity: shown.map(lots),
            self_trade_prevention: order.self_trade.code(),
            created_at: instant(order.accepted_at),
            updated_at: instant(order.updated_at),
            submitted_at: rejected.is_none().then(|| instant(order.accepted_at)),
            closed_at: order.closed_at().map(instant),
            reject_reason: rejected.map(Reject::code),
        }
    }
}

impl FullOrder {
    /// An order with everything.
    pub(crate) fn of(quoted: &Quoted, facts: &Facts, order: &OrderState) -> Self {
        let notes = match order.status {
            OrderStatus::Cancelled(reason) => reason.message(),
            OrderStatus::Rejected(reason) => reason.message(),
            OrderStatus::Open | OrderStatus::PartiallyFilled | OrderStatus::Filled => "",
        };
        let rejected = rejection(order.status);
        Self {
            order: Order::of(quoted, facts, order),
            user_id: order.account.get(),
            notes,
            risk_limit_checked: rejected.is_none(),
            compliance_checked: rejected != Some(Reject::TradingNotPermitted),
        }
    }
}

fn rejection(status: OrderStatus) -> Option<Reject> {
    if let OrderStatus::Rejected(reason) = status { Some(reason) } else { None }
}

fn total_value(order: &OrderState, decimals: &Decimals) -> Option<Number> {
    let value = match order.kind {
        kind if kind.is_limited() => product(decimals.price(order.price), decimals.quantity(order.quantity))?,
        _ if order.filled.is_zero() => return None,
        _ => cash(order.cumulative_notional, decimals.minor.scale),
    };
    Some(number(value))
}

/// Price times quantity in currency units, exactly; `None` when it does not fit.
pub(crate) fn product(price: Scaled, quantity: Scaled) -> Option<Scaled> {
    let mantissa = price.mantissa.checked_mul(quantity.mantissa)?;
    Some(trimmed(Scaled { mantissa, scale: price.scale + quantity.scale }, price.scale.min(2)))
}

/// A trade, as one of its sides or as the public sees it.
#[allow(clippy::struct_field_names)] // the contract's names
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Trade {
    /// The trade's number.
    pub id: u64,
    pub uuid: Uuid,
    #[schema(example = "TRD-20260307-00000007")]
    pub trade_id: String,
    pub symbol: String,
    pub credit_type: String,
    pub project_id: Option<i64>,
    pub vintage_year: Option<i32>,
    pub quantity: Number,
    pub price: Number,
    pub total_value: Number,
    pub currency: String,
    /// The own side; in public lists the aggressor's.
    pub side: &'static str,
    /// `maker` or `taker`; in public lists the aggressor's part.
    pub liquidity: &'static str,
    /// What that side paid.
    pub fee: Number,
    /// `settled`, for trades settle in the step that makes them; `cancelled` once reversed.
    pub status: &'static str,
    pub executed_at: String,
    pub settlement_date: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

impl Trade {
    /// A trade in the words of its instrument.
    pub(crate) fn of(quoted: &Quoted, facts: &Facts, trade: &OwnTrade) -> Self {
        let decimals = &quoted.decimals;
        let id = PublicId::from_nanos(PublicIdKind::Trade, trade.time.nanos(), trade.trade.get());
        let (price, quantity) = (decimals.price(trade.price), decimals.quantity(trade.quantity));
        let at = instant(trade.time);
        Self {
            id: trade.trade.get(),
            uuid: id.uuid(),
            trade_id: id.to_string(),
            symbol: quoted.symbol.to_string(),
            credit_type: facts.credit_type.clone(),
            project_id: facts.project_id,
            vintage_year: facts.vintage_year,
            quantity: number(quantity),
            price: number(price),
            total_value: product(price, quantity).map_or(Number::ZERO, number),
            currency: quoted.currency.to_string(),
            side: trade.side.code(),
            liquidity: trade.liquidity.code(),
            fee: number(cash(i128::from(trade.fee), decimals.minor.scale)),
            status: if trade.busted { "cancelled" } else { "settled" },
            executed_at: at.clone(),
            settlement_date: Some(at.clone()),
            created_at: at.clone(),
            updated_at: at,
        }
    }
}

/// One balance.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BalanceLine {
    /// `USD`, or a credit asset such as `VCS-191-2016`.
    pub asset: String,
    pub available: Number,
    pub held: Number,
    pub total: Number,
}

/// The account's balances that are not zero.
pub(crate) fn balances(folds: &crate::venue::Folds, account: AccountId) -> Vec<BalanceLine> {
    let listings = folds.market.listings();
    let lines = folds.accounts.balances_of(account).into_iter().filter_map(|(asset, balance)| {
        let asset = listings.asset(asset)?;
        let show = |value| number(decimal::amount(value, asset.scale));
        Some(BalanceLine {
            asset: asset.code.to_string(),
            available: show(balance.available),
            held: show(balance.held),
            total: show(balance.total()),
        })
    });
    lines.collect()
}
