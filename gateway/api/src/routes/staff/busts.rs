//! Reversing trades.

use axum::Json as Answer;
use axum::extract::State;
use cx_engine::Command;
use cx_engine::control::BustTrade;
use cx_engine::event::{Event, TradeBusted};
use cx_engine::ids::TradeId;
use cx_engine::reject::Reject;
use cx_engine::units::Timestamp;
use cx_identity::Permission;
use cx_store::{PublicId, PublicIdKind, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Decision;
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Segment};
use crate::number::Number;
use crate::problem::{Code, Problem, ProblemBody};
use crate::routes::trading::desk;
use crate::routes::trading::shapes::number;
use crate::state::AppState;
use crate::venue::decimal::cash;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(bust))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BustBody {
    /// Why: both sides may ask.
    reason: String,
}

impl Input for BustBody {
    const REQUIRED: &'static [&'static str] = &["reason"];
}

/// A trade that was reversed.
#[derive(Debug, Serialize, ToSchema)]
struct Busted {
    /// Its number.
    id: u64,
    symbol: String,
    price: Number,
    quantity: Number,
    currency: String,
    /// The user who had bought: gave the credits back, got the cash and the fee.
    buyer: u32,
    /// The user who had sold: got the credits and the fee back, gave the cash.
    seller: u32,
    /// What the buyer got back of fees; negative for a rebate that was paid back.
    buyer_fee: Number,
    /// What the seller got back of fees; negative for a rebate that was paid back.
    seller_fee: Number,
    /// `cancelled`.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct BustAnswer {
    message: &'static str,
    trade: Busted,
}

/// Reverses one of the last 65,536 trades: credits, cash and fees go back. Both sides must still have what goes back:
/// credits that were sold on, withdrawn or retired since, and proceeds that were spent, are not taken from anybody else;
/// settle those by other means. The last price, volumes and bars stay as they were made.
#[utoipa::path(
    post,
    path = "/trades/{id}/bust",
    tag = "admin",
    params(("id" = String, Path, description = "`TRD-...`, or the integer id.")),
    request_body = BustBody,
    responses(
        (status = 200, description = "The trade is reversed.", body = BustAnswer),
        (status = 400, description = "The reason is missing, or a side has not what must go back.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `trades.bust`.", body = ProblemBody),
        (status = 404, description = "There is no such trade, or it is too old.", body = ProblemBody),
        (status = 409, description = "It is reversed already.", body = ProblemBody),
    ),
)]
async fn bust(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<BustAnswer>, Problem> {
    user.require(Permission::BustTrades)?;
    let trade = named(&state, &id).await?;
    let body: BustBody = body.read()?;
    if body.reason.trim().is_empty() {
        return Err(Problem::invalid("reason", "reason must not be empty"));
    }
    let detail = format!("trade {} is reversed", trade.get());
    let decision = Decision::new(&user, "venue.bust", detail).because(Some(&body.reason));
    let reply = decision.carry_out(&state, Command::BustTrade(BustTrade { trade })).await.map_err(explained)?;
    match reply.own().first() {
        Some(Event::TradeBusted(busted)) => {
            let trade = Busted::of(&state, busted);
            Ok(Answer(BustAnswer { message: "Trade reversed", trade }))
        }
        other => Err(desk::unexpected(other)),
    }
}

/// Says which side lacks what.
fn explained(problem: Problem) -> Problem {
    match problem.code() {
        Code::Rejected(Reject::InsufficientCredits) => problem.detail(
            "The buyer does not have the credits any more: they were sold on, withdrawn or retired, or open orders hold \
             them. What was retired stays retired.",
        ),
        Code::Rejected(Reject::InsufficientFunds) => problem.detail(
            "The seller does not have the proceeds any more, or open orders hold them; or the venue does not have the fees.",
        ),
        _ => problem,
    }
}

/// The trade that a path names. A public id names its day too: with another day it names nothing.
async fn named(state: &AppState, text: &str) -> Result<TradeId, Problem> {
    let unknown = || Problem::new(Reject::UnknownTrade);
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(TradeId::new).map_err(|_| unknown());
    }
    let number = PublicId::parse(PublicIdKind::Trade, text).ok_or_else(unknown)?.number();
    let trade = TradeId::new(number);
    let at = made_at(state, trade).await?.ok_or_else(unknown)?;
    let whole = PublicId::from_nanos(PublicIdKind::Trade, at.nanos(), number).to_string().eq_ignore_ascii_case(text);
    if whole { Ok(trade) } else { Err(unknown()) }
}

/// When a trade was made: the folds know the last ones, the store all that it has taken.
async fn made_at(state: &AppState, trade: TradeId) -> Result<Option<Timestamp>, Problem> {
    let recent = {
        let folds = state.venue.read();
        folds.market.trades().recent_all().find(|one| one.trade == trade).map(|one| one.time)
    };
    if recent.is_some() {
        return Ok(recent);
    }
    match state.store.trades().by_id(trade).await {
        Ok(row) => Ok(Some(row.time)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Busted {
    fn of(state: &AppState, busted: &TradeBusted) -> Self {
        let quoted = state.venue.read().quoted_or_bare(busted.instrument);
        let fee = |minor: i64| number(cash(i128::from(minor), quoted.decimals.minor.scale));
        Self {
            id: busted.trade.get(),
            symbol: quoted.symbol.to_string(),
            price: number(quoted.decimals.price(busted.price)),
            quantity: number(quoted.decimals.quantity(busted.quantity)),
            currency: quoted.currency.to_string(),
            buyer: busted.buyer.get(),
            seller: busted.seller.get(),
            buyer_fee: fee(busted.buyer_fee),
            seller_fee: fee(busted.seller_fee),
            status: "cancelled",
        }
    }
}
