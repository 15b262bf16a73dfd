//! Limits of trading accounts, and which accounts have one owner.

use axum::Json as Answer;
use axum::extract::State;
use cx_engine::Command;
use cx_engine::control::{SetGroup, SetLimits, SetPositionLimit};
use cx_engine::ids::AccountId;
use cx_engine::units::{Amount, Quantity};
use cx_identity::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Decision, account, fields};
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Segment};
use crate::number::Number;
use crate::problem::{Problem, ProblemBody};
use crate::routes::trading::instrument;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show_limits, set_limits))
        .routes(routes!(set_position_limit))
        .routes(routes!(set_group))
}

/// What is in force for a trading account; null means no limit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountStanding {
    /// The user's number.
    account: u32,
    may_trade: bool,
    may_withdraw: bool,
    /// Whether its kill switch is on.
    killed: bool,
    /// Its owner's number; 0 for an owner of this account only. Accounts of one owner never trade with each other.
    group: u32,
    open_orders: usize,
    limits: Limits,
    position_limits: Vec<PositionLimit>,
}

/// Limits of an account; null means no limit.
#[derive(Debug, Serialize, ToSchema)]
struct Limits {
    /// Lots of one order.
    order_quantity_max: Option<u64>,
    /// Worth of one order, in its currency.
    order_notional_max: Option<Number>,
    /// Worth of all open orders of one currency.
    exposure_max: Option<Number>,
    open_orders_max: Option<u32>,
    /// New and amended orders a second, in the long run.
    rate_per_second: Option<u32>,
    /// New and amended orders at once.
    burst: Option<u32>,
}

/// How many credits an account may own and bid for.
#[derive(Debug, Serialize, ToSchema)]
struct PositionLimit {
    symbol: String,
    /// Lots.
    position_max: u64,
}

/// Decimal places of the smallest unit of the venue's currencies; `None` before the first. All have the same.
pub(super) fn cash_scale(state: &AppState) -> Option<u8> {
    let folds = state.venue.read();
    let listings = folds.market.listings();
    listings.assets().iter().find(|asset| listings.is_cash(asset.asset)).map(|asset| asset.scale)
}

impl AccountStanding {
    /// As it is now.
    pub(super) fn of(state: &AppState, account: AccountId) -> Self {
        let scale = cash_scale(state).unwrap_or_default();
        let folds = state.venue.read();
        let known = &folds.accounts;
        let permissions = known.permissions(account).unwrap_or_default();
        let set = known.limits(account);
        let count = |of: fn(&SetLimits) -> u32| set.as_ref().map(of).filter(|most| *most > 0);
        let money = |of: fn(&SetLimits) -> Amount| {
            let most = set.as_ref().map(of).filter(|most| *most > Amount::ZERO);
            most.map(|most| Number::cash(most, scale))
        };
        let symbol = |instrument| folds.quoted_or_bare(instrument).symbol.to_string();
        let positions = known
            .position_limits(account)
            .map(|(instrument, most)| PositionLimit { symbol: symbol(instrument), position_max: most.lots() });
        Self {
            account: account.get(),
            may_trade: permissions.trade,
            may_withdraw: permissions.withdraw,
            killed: known.killed(account),
            group: known.group(account),
            open_orders: known.open_orders(account).count(),
            limits: Limits {
                order_quantity_max: set.map(|set| set.order_quantity_max.lots()).filter(|most| *most > 0),
                order_notional_max: money(|set| set.order_notional_max),
                exposure_max: money(|set| set.exposure_max),
                open_orders_max: count(|set| set.open_orders_max),
                rate_per_second: count(|set| set.rate_per_second),
                burst: count(|set| set.burst),
            },
            position_limits: positions.collect(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct AccountAnswer {
    message: &'static str,
    #[serde(flatten)]
    standing: AccountStanding,
}

impl AccountAnswer {
    fn after(state: &AppState, account: AccountId, message: &'static str) -> Answer<Self> {
        Answer(Self { message, standing: AccountStanding::of(state, account) })
    }
}

/// Shows what is in force for an account: limits, owner, kill switch.
#[utoipa::path(
    get,
    path = "/limits/{account}",
    tag = "admin",
    params(("account" = String, Path, description = "The user's number or uuid.")),
    responses(
        (status = 200, description = "What is in force.", body = AccountStanding),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `venue.read`.", body = ProblemBody),
        (status = 404, description = "There is no such account.", body = ProblemBody),
    ),
)]
async fn show_limits(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(name): Segment,
) -> Result<Answer<AccountStanding>, Problem> {
    user.require(Permission::ReadVenue)?;
    let account = account(&state, &name).await?;
    Ok(Answer(AccountStanding::of(&state, account)))
}

/// All limits of an account: what is left out, null or 0 is no limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LimitsBody {
    /// Lots of one order.
    #[schema(example = 10_000)]
    order_quantity_max: Option<Number>,
    /// Worth of one order, in its currency.
    #[schema(example = 50_000.00)]
    order_notional_max: Option<Number>,
    /// Worth of all open orders of one currency.
    #[schema(example = 200_000.00)]
    exposure_max: Option<Number>,
    open_orders_max: Option<u32>,
    /// New and amended orders a second, in the long run; needs `burst`. At most a million.
    rate_per_second: Option<u32>,
    /// New and amended orders at once.
    burst: Option<u32>,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for LimitsBody {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Sets all limits of an account at once. Orders that are open stay.
#[utoipa::path(
    put,
    path = "/limits/{account}",
    tag = "admin",
    params(("account" = String, Path, description = "The user's number or uuid.")),
    request_body = LimitsBody,
    responses(
        (status = 200, description = "Set.", body = AccountAnswer),
        (status = 400, description = "A field is not valid, or a rate lacks its burst.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `limits.manage`, or the account is the venue's own.", body = ProblemBody),
        (status = 404, description = "There is no such account.", body = ProblemBody),
    ),
)]
async fn set_limits(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(name): Segment,
    body: Body,
) -> Result<Answer<AccountAnswer>, Problem> {
    user.require(Permission::ManageLimits)?;
    let account = account(&state, &name).await?;
    let body: LimitsBody = body.read()?;
    let scale = cash_scale(&state).unwrap_or_default();
    let set = SetLimits {
        account,
        order_quantity_max: fields::lots("order_quantity_max", body.order_quantity_max)?,
        order_notional_max: fields::money("order_notional_max", body.order_notional_max, scale)?,
        exposure_max: fields::money("exposure_max", body.exposure_max, scale)?,
        open_orders_max: body.open_orders_max.unwrap_or(0),
        rate_per_second: body.rate_per_second.unwrap_or(0),
        burst: body.burst.unwrap_or(0),
    };
    let detail = format!(
        "account {}: {} lots and {} minor units an order, {} minor units in all, {} open orders, {} a second, {} at once",
        account.get(),
        set.order_quantity_max.lots(),
        set.order_notional_max.minor(),
        set.exposure_max.minor(),
        set.open_orders_max,
        set.rate_per_second,
        set.burst,
    );
    let decision = Decision::new(&user, "venue.limits", detail).about(account).because(body.reason.as_deref());
    decision.carry_out(&state, Command::SetLimits(set)).await?;
    Ok(AccountAnswer::after(&state, account, "Limits set"))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PositionBody {
    #[schema(example = "VCS-191-2016-USD")]
    symbol: String,
    /// Lots owned and bid for; 0 or null is no limit.
    #[schema(example = 25_000)]
    position_max: Option<Number>,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for PositionBody {
    const REQUIRED: &'static [&'static str] = &["symbol"];
}

/// Sets how many credits of an instrument an account may own and bid for.
#[utoipa::path(
    put,
    path = "/limits/{account}/positions",
    tag = "admin",
    params(("account" = String, Path, description = "The user's number or uuid.")),
    request_body = PositionBody,
    responses(
        (status = 200, description = "Set.", body = AccountAnswer),
        (status = 400, description = "A field is missing or not valid, or there is no such instrument.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `limits.manage`, or the account is the venue's own.", body = ProblemBody),
        (status = 404, description = "There is no such account.", body = ProblemBody),
    ),
)]
async fn set_position_limit(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(name): Segment,
    body: Body,
) -> Result<Answer<AccountAnswer>, Problem> {
    user.require(Permission::ManageLimits)?;
    let account = account(&state, &name).await?;
    let body: PositionBody = body.read()?;
    let instrument = instrument::by_symbol(&state.venue.read(), &body.symbol)?;
    let position_max: Quantity = fields::lots("position_max", body.position_max)?;
    let detail = format!("account {}: {} lots of {}", account.get(), position_max.lots(), body.symbol);
    let decision = Decision::new(&user, "venue.position_limit", detail).about(account).because(body.reason.as_deref());
    let command = Command::SetPositionLimit(SetPositionLimit { account, instrument, position_max });
    decision.carry_out(&state, command).await?;
    Ok(AccountAnswer::after(&state, account, "Position limit set"))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupBody {
    /// The owner's number, the same for all accounts of one owner; 0 for an owner of this account only.
    group: u32,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for GroupBody {
    const REQUIRED: &'static [&'static str] = &["group"];
}

/// Says whose account it is: accounts of one owner never trade with each other.
#[utoipa::path(
    put,
    path = "/limits/{account}/group",
    tag = "admin",
    params(("account" = String, Path, description = "The user's number or uuid.")),
    request_body = GroupBody,
    responses(
        (status = 200, description = "Set.", body = AccountAnswer),
        (status = 400, description = "The group is missing or not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `limits.manage`, or the account is the venue's own.", body = ProblemBody),
        (status = 404, description = "There is no such account.", body = ProblemBody),
    ),
)]
async fn set_group(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(name): Segment,
    body: Body,
) -> Result<Answer<AccountAnswer>, Problem> {
    user.require(Permission::ManageLimits)?;
    let account = account(&state, &name).await?;
    let GroupBody { group, reason } = body.read()?;
    let detail = format!("account {} belongs to owner {group}", account.get());
    let decision = Decision::new(&user, "venue.group", detail).about(account).because(reason.as_deref());
    decision.carry_out(&state, Command::SetGroup(SetGroup { account, group })).await?;
    Ok(AccountAnswer::after(&state, account, "Group set"))
}
