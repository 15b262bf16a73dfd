//! Trading over REST: the own orders, trades, holdings and balances.
//!
//! - [`entry`] reads an order, [`instrument`] finds what it is for, [`desk`] hands it to the exchange and reads the answer;
//!   the three serve WebSocket too.
//! - [`history`] merges what SQL has with what it does not have yet; [`shapes`] is what clients see.

use axum::extract::State;
use axum::http::StatusCode;
use cx_engine::Command;
use cx_market_data::OrderState;
use cx_store::history::{OrderFilter, OrderStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) mod desk;
pub(crate) mod entry;
pub(crate) mod history;
pub(crate) mod holdings;
pub(crate) mod instrument;
pub(crate) mod shapes;

use crate::auth::CurrentUser;
use crate::json::{Body, Params, Segment};
use crate::page::{PageMeta, PageParams};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::AppState;
use desk::OrderRef;
use entry::{Amendment, OrderEntry};
use shapes::{BalanceLine, FullOrder, Order, Trade};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(place, list_orders, cancel_all))
        .routes(routes!(show_order, amend, delete_order))
        .routes(routes!(cancel))
        .routes(routes!(list_trades))
        .routes(routes!(balances))
        .merge(holdings::routes())
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderAnswer {
    message: &'static str,
    order: FullOrder,
}

#[derive(Debug, Serialize, ToSchema)]
struct CancelledAnswer {
    message: String,
    cancelled: usize,
    orders: Vec<FullOrder>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderList {
    orders: Vec<Order>,
    #[serde(flatten)]
    page: PageMeta,
}

#[derive(Debug, Serialize, ToSchema)]
struct TradeList {
    trades: Vec<Trade>,
    #[serde(flatten)]
    page: PageMeta,
}

#[derive(Debug, Serialize, ToSchema)]
struct BalanceList {
    balances: Vec<BalanceLine>,
}

/// Which orders are wanted.
#[derive(Debug, Default, Deserialize)]
struct OrderQuery {
    status: Option<String>,
    side: Option<String>,
    symbol: Option<String>,
    client_order_id: Option<String>,
}

/// Refuses users who may not trade; the core has the last word.
fn check_may_trade(user: &CurrentUser) -> Result<(), Problem> {
    user.require(cx_identity::Permission::Trade)?;
    if user.may_trade() {
        return Ok(());
    }
    Err(Problem::new(Code::KycRequired).detail("Trading needs an active account with an approved identity check."))
}

async fn full(state: &AppState, order: &OrderState) -> FullOrder {
    let catalog = state.venue.facts(&state.store).await;
    let quoted = state.venue.read().quoted_or_bare(order.instrument);
    FullOrder::of(&quoted, &catalog.of(&quoted), order)
}

/// Places an order. The answer comes when the order is durable. An order with a `client_order_id` that was placed before is
/// answered as it was the first time.
#[utoipa::path(
    post,
    path = "/orders",
    tag = "trading",
    request_body = OrderEntry,
    responses(
        (status = 201, description = "The order was accepted; it may have traded already.", body = OrderAnswer),
        (status = 400, description = "The order is not valid, or the exchange refused it (see `code`).", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "The user may not trade.", body = ProblemBody),
        (status = 409, description = "The client order id names a different order.", body = ProblemBody),
        (status = 503, description = "The exchange is overloaded or shutting down; see Retry-After.", body = ProblemBody),
    ),
)]
async fn place(
    State(state): State<AppState>,
    user: CurrentUser,
    body: Body,
) -> Result<(StatusCode, axum::Json<OrderAnswer>), Problem> {
    check_may_trade(&user)?;
    let wanted: OrderEntry = body.read()?;
    let order = desk::prepare(&state, user.account, &wanted).await?;
    let reply = desk::answer(desk::submit(&state, Command::Place(order))?).await?;
    let placed = desk::placed(&state, &order, &reply).await?;
    let answer = OrderAnswer { message: "Order placed", order: full(&state, &placed.order).await };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Lists the own orders, newest first.
#[utoipa::path(
    get,
    path = "/orders",
    tag = "trading",
    params(
        ("page" = Option<u32>, Query, description = "From 1."),
        ("per_page" = Option<u32>, Query, description = "20, at most 100."),
        ("status" = Option<String>, Query, description = "Only orders that stand so."),
        ("side" = Option<String>, Query, description = "`buy` or `sell`."),
        ("symbol" = Option<String>, Query, description = "Only orders of this instrument."),
        ("client_order_id" = Option<String>, Query, description = "Only the last order of this name, refused ones included."),
    ),
    responses(
        (status = 200, description = "A page of orders.", body = OrderList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn list_orders(
    State(state): State<AppState>,
    user: CurrentUser,
    params: Params,
) -> Result<axum::Json<OrderList>, Problem> {
    let page = PageParams::read(&params)?;
    let query: OrderQuery = params.read()?;
    let found = match &query.client_order_id {
        Some(id) => {
            one_page(desk::find(&state, user.account, OrderRef::Client(entry::client_order_id(id)?)).await, page)?
        }
        None => match order_filter(&state, &query)? {
            Some(filter) => history::orders(&state, user.account, filter, page).await?,
            None => cx_store::Page { items: Vec::new(), total: 0, request: page },
        },
    };
    let catalog = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let meta = PageMeta::from(&found);
    let orders = found.items.iter().map(|order| {
        let quoted = folds.quoted_or_bare(order.instrument);
        Order::of(&quoted, &catalog.of(&quoted), order)
    });
    Ok(axum::Json(OrderList { orders: orders.collect(), page: meta }))
}

/// A page of the one order that was found, or of none.
fn one_page(
    found: Result<OrderState, Problem>,
    request: cx_store::PageRequest,
) -> Result<cx_store::Page<OrderState>, Problem> {
    let items = match found {
        Ok(order) if request.page() == 1 => vec![order],
        Ok(_) => Vec::new(),
        Err(problem) if problem.code() == Code::NotFound => {
            return Ok(cx_store::Page { items: Vec::new(), total: 0, request });
        }
        Err(problem) => return Err(problem),
    };
    Ok(cx_store::Page { items, total: 1, request })
}

/// Which orders are wanted; `None` when there can be none.
fn order_filter(state: &AppState, query: &OrderQuery) -> Result<Option<OrderFilter>, Problem> {
    let wanted = query.status.as_deref();
    let status = wanted.and_then(OrderStatus::from_code);
    let side = query.side.as_deref().map(entry::side).transpose()?;
    let symbol = query.symbol.as_deref();
    let instrument = symbol.map(|symbol| instrument::by_symbol(&state.venue.read(), symbol)).transpose()?;
    match (wanted, status) {
        // In the contract, but no order of this venue ever stands so.
        (Some("pending"), _) => Ok(None),
        (Some(_), None) => {
            let words: Vec<_> = OrderStatus::ALL.iter().map(|status| status.code()).collect();
            Err(Problem::invalid("status", format!("status must be one of {}", words.join(", "))))
        }
        (_, status) => Ok(Some(OrderFilter { status, side, instrument })),
    }
}

async fn own_order(state: &AppState, user: &CurrentUser, id: &str) -> Result<OrderState, Problem> {
    let named = OrderRef::parse(id).ok_or_else(|| Problem::not_found("order"))?;
    let order = desk::find(state, user.account, named).await?;
    // A public id names its day too.
    let whole = id.bytes().all(|byte| byte.is_ascii_digit())
        || crate::ws::messages::order_id(&order).to_string().eq_ignore_ascii_case(id);
    if whole { Ok(order) } else { Err(Problem::not_found("order")) }
}

/// Shows one of the own orders.
#[utoipa::path(
    get,
    path = "/orders/{order_id}",
    tag = "trading",
    params(("order_id" = String, Path, description = "`ORD-...`, or the integer id.")),
    responses(
        (status = 200, description = "The order.", body = FullOrder),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 404, description = "The user has no such order.", body = ProblemBody),
    ),
)]
async fn show_order(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(id): Segment,
) -> Result<axum::Json<FullOrder>, Problem> {
    let order = own_order(&state, &user, &id).await?;
    Ok(axum::Json(full(&state, &order).await))
}

/// Cancels an open order.
#[utoipa::path(
    post,
    path = "/orders/{order_id}/cancel",
    tag = "trading",
    params(("order_id" = String, Path, description = "`ORD-...`, or the integer id.")),
    responses(
        (status = 200, description = "The order is cancelled.", body = OrderAnswer),
        (status = 400, description = "The order is not open any more.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 404, description = "The user has no such order.", body = ProblemBody),
        (status = 503, description = "The exchange is overloaded or shutting down; see Retry-After.", body = ProblemBody),
    ),
)]
async fn cancel(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(id): Segment,
) -> Result<axum::Json<OrderAnswer>, Problem> {
    let order = own_order(&state, &user, &id).await?;
    change(&state, &order, desk::cancellation(&order)?, "Order cancelled").await
}

/// Cancels an open order.
#[utoipa::path(
    delete,
    path = "/orders/{order_id}",
    tag = "trading",
    params(("order_id" = String, Path, description = "`ORD-...`, or the integer id.")),
    responses(
        (status = 200, description = "The order is cancelled.", body = OrderAnswer),
        (status = 400, description = "The order is not open any more.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 404, description = "The user has no such order.", body = ProblemBody),
        (status = 503, description = "The exchange is overloaded or shutting down; see Retry-After.", body = ProblemBody),
    ),
)]
async fn delete_order(
    state: State<AppState>,
    user: CurrentUser,
    id: Segment,
) -> Result<axum::Json<OrderAnswer>, Problem> {
    cancel(state, user, id).await
}

/// Changes price, total quantity and stop price of an open order in one step. A smaller quantity at the same price keeps its place
/// in the queue.
#[utoipa::path(
    put,
    path = "/orders/{order_id}",
    tag = "trading",
    params(("order_id" = String, Path, description = "`ORD-...`, or the integer id.")),
    request_body = Amendment,
    responses(
        (status = 200, description = "The order is changed; it may have traded.", body = OrderAnswer),
        (status = 400, description = "The change is not valid, or the order is not open any more.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "The user may not trade.", body = ProblemBody),
        (status = 404, description = "The user has no such order.", body = ProblemBody),
        (status = 503, description = "The exchange is overloaded or shutting down; see Retry-After.", body = ProblemBody),
    ),
)]
async fn amend(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<axum::Json<OrderAnswer>, Problem> {
    check_may_trade(&user)?;
    let order = own_order(&state, &user, &id).await?;
    let wanted: Amendment = body.read()?;
    let command = desk::amendment(&state.venue.read(), &order, &wanted)?;
    change(&state, &order, command, "Order amended").await
}

async fn change(
    state: &AppState,
    order: &OrderState,
    command: Command,
    message: &'static str,
) -> Result<axum::Json<OrderAnswer>, Problem> {
    let reply = desk::answer(desk::submit(state, command)?).await?;
    let order = desk::changed(state, order, &reply).await?;
    Ok(axum::Json(OrderAnswer { message, order: full(state, &order).await }))
}

/// Cancels all open orders, or those of one instrument.
#[utoipa::path(
    delete,
    path = "/orders",
    tag = "trading",
    params(
        ("symbol" = Option<String>, Query, description = "Only orders of this instrument."),
        ("side" = Option<String>, Query, description = "Only `buy` or only `sell` orders."),
    ),
    responses(
        (status = 200, description = "The orders that were cancelled.", body = CancelledAnswer),
        (status = 400, description = "There is no such instrument.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 503, description = "The exchange is overloaded or shutting down; see Retry-After.", body = ProblemBody),
    ),
)]
async fn cancel_all(
    State(state): State<AppState>,
    user: CurrentUser,
    params: Params,
) -> Result<axum::Json<CancelledAnswer>, Problem> {
    let query: OrderQuery = params.read()?;
    let symbol = query.symbol.as_deref();
    let on = symbol.map(|symbol| instrument::by_symbol(&state.venue.read(), symbol)).transpose()?;
    let side = query.side.as_deref().map(entry::side).transpose()?;
    let reply = desk::answer(desk::submit(&state, desk::cancel_all(user.account, on, side))?).await?;
    let catalog = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let gone = desk::all_cancelled(&folds, user.account, &reply)?;
    let show = |order: &OrderState| {
        let quoted = folds.quoted_or_bare(order.instrument);
        FullOrder::of(&quoted, &catalog.of(&quoted), order)
    };
    let message = format!("{} orders cancelled", gone.len());
    Ok(axum::Json(CancelledAnswer { message, cancelled: gone.len(), orders: gone.iter().map(show).collect() }))
}

/// Lists the own trades, newest first.
#[utoipa::path(
    get,
    path = "/trades",
    tag = "trading",
    params(
        ("page" = Option<u32>, Query, description = "From 1."),
        ("per_page" = Option<u32>, Query, description = "20, at most 100."),
    ),
    responses(
        (status = 200, description = "A page of trades.", body = TradeList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn list_trades(
    State(state): State<AppState>,
    user: CurrentUser,
    params: Params,
) -> Result<axum::Json<TradeList>, Problem> {
    let found = history::trades(&state, user.account, PageParams::read(&params)?).await?;
    let catalog = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let meta = PageMeta::from(&found);
    let trades = found.items.iter().map(|trade| {
        let quoted = folds.quoted_or_bare(trade.instrument);
        Trade::of(&quoted, &catalog.of(&quoted), trade)
    });
    Ok(axum::Json(TradeList { trades: trades.collect(), page: meta }))
}

/// Shows the own balances: cash and credits, what is free and what open orders hold.
#[utoipa::path(
    get,
    path = "/balances",
    tag = "trading",
    responses(
        (status = 200, description = "The balances that are not zero.", body = BalanceList),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn balances(State(state): State<AppState>, user: CurrentUser) -> axum::Json<BalanceList> {
    axum::Json(BalanceList { balances: shapes::balances(&state.venue.read(), user.account) })
}
