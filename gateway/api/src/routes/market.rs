//! Market data over REST, for everybody: folds of durable events, and statistics of what SQL has.

use axum::extract::State;
use cx_engine::control::Phase;
use cx_engine::event::InstrumentListed;
use cx_engine::ids::InstrumentId;
use cx_engine::units::Timestamp;
use cx_market_data::Timeframe;
use cx_store::history::MarketFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

mod prices;
pub(crate) mod session;
mod shapes;

use crate::json::{Params, Segment};
use crate::number::Number;
use crate::problem::{Code, Problem, ProblemBody};
use crate::routes::trading::history::OwnTrade;
use crate::routes::trading::instrument;
use crate::routes::trading::shapes::{Trade, instant, number};
use crate::state::AppState;
use crate::venue::facts::FactsView;
use crate::venue::{Folds, wall_nanos};
use session::InstrumentStatus;
use shapes::{DataType, DepthLevel, Instrument, MarketData, Snapshot, Spread, Ticker, rounded};

/// Data older than this is called stale.
const STALE_AFTER_SECONDS: u64 = 3_600;
const NANOS_PER_SECOND: u64 = 1_000_000_000;
const NANOS_PER_DAY: u64 = 86_400 * NANOS_PER_SECOND;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(data))
        .routes(routes!(ticker))
        .routes(routes!(summary))
        .routes(routes!(statistics))
        .routes(routes!(depth))
        .routes(routes!(recent_trades))
        .routes(routes!(market_health))
        .routes(routes!(instruments))
        .routes(routes!(market_status))
        .merge(prices::routes())
}

#[derive(Debug, Default, Deserialize)]
struct MarketQuery {
    symbol: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    credit_type: Option<String>,
    levels: Option<usize>,
    limit: Option<usize>,
    days: Option<u32>,
}

fn now() -> Timestamp {
    Timestamp::from_nanos(wall_nanos())
}

/// A number within its range: too large counts as the largest, 0 is refused.
fn within(name: &str, given: Option<usize>, default: usize, max: usize) -> Result<usize, Problem> {
    match given.unwrap_or(default) {
        0 => Err(Problem::invalid(name, format!("{name} must be at least 1"))),
        value => Ok(value.min(max)),
    }
}

fn days(given: Option<u32>, default: u32) -> Result<u32, Problem> {
    match given.unwrap_or(default) {
        0 => Err(Problem::invalid("days", "days must be at least 1")),
        value => Ok(value.min(3_650)),
    }
}

/// The instrument of a path: 404 where there is none (yet, for standard contracts).
fn listed(folds: &Folds, symbol: &str) -> Result<InstrumentListed, Problem> {
    use axum::http::StatusCode;
    let instrument = instrument::by_symbol(folds, symbol).map_err(|problem| match problem.code() {
        Code::UnsupportedInstrument => problem.status(StatusCode::NOT_FOUND),
        _ => Problem::not_found("instrument"),
    })?;
    folds.market.listings().instrument(instrument).copied().ok_or_else(|| Problem::not_found("instrument"))
}

/// The instruments whose credits are of this type; all of them when none is named.
fn of_type(folds: &Folds, facts: &FactsView, credit_type: Option<&str>) -> Option<Vec<InstrumentId>> {
    let wanted = credit_type?;
    let all = folds.market.listings().instruments().iter().map(|listed| listed.instrument);
    let is_wanted = |instrument: &InstrumentId| facts.of(&folds.quoted_or_bare(*instrument)).credit_type == wanted;
    Some(all.filter(is_wanted).collect())
}

#[derive(Debug, Serialize, ToSchema)]
struct MarketDataList {
    market_data: Vec<MarketData>,
    total: usize,
}

/// Lists figures (last price, bid, ask, volume) of the instruments that have them, the latest change first.
#[utoipa::path(
    get,
    path = "/data",
    tag = "market",
    params(
        ("symbol" = Option<String>, Query, description = "Only of this instrument."),
        ("type" = Option<String>, Query, description = "`spot_price`, `bid_price`, `ask_price` or `volume`."),
        ("limit" = Option<u32>, Query, description = "50, at most 200."),
    ),
    responses(
        (status = 200, description = "The figures.", body = MarketDataList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
    ),
    security(()),
)]
async fn data(State(state): State<AppState>, params: Params) -> Result<axum::Json<MarketDataList>, Problem> {
    let query: MarketQuery = params.read()?;
    let limit = within("limit", query.limit, 50, 200)?;
    let kinds = data_types(query.kind.as_deref())?;
    let facts = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    // A symbol that names nothing has no data.
    let only = query.symbol.as_deref().map(|symbol| listed(&folds, symbol).ok().map(|listed| listed.instrument));
    let all = folds.market.listings().instruments().iter().map(|listed| listed.instrument);
    let wanted = all.filter(|instrument| only.is_none_or(|only| only == Some(*instrument)));
    let now = now();
    let mut found: Vec<_> = wanted.filter_map(|instrument| Snapshot::of(&folds, &facts, instrument, now)).collect();
    found.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.changed));
    let figures = found
        .iter()
        .flat_map(|snapshot| kinds.iter().filter(|kind| snapshot.has(**kind)).map(|kind| snapshot.figure(*kind)));
    let market_data: Vec<_> = figures.take(limit).collect();
    let total = market_data.len();
    Ok(axum::Json(MarketDataList { market_data, total }))
}

fn data_types(wanted: Option<&str>) -> Result<Vec<DataType>, Problem> {
    let Some(word) = wanted else { return Ok(DataType::ALL.to_vec()) };
    match (DataType::ALL.into_iter().find(|kind| kind.code() == word), word) {
        (Some(kind), _) => Ok(vec![kind]),
        // In the contract; nothing of the kind is kept yet.
        (None, "volatility" | "index_price") => Ok(Vec::new()),
        (None, _) => Err(Problem::invalid("type", "type must be spot_price, bid_price, ask_price or volume")),
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct TickerAnswer {
    ticker: Ticker,
}

/// Shows the market of an instrument now and over the last 24 hours.
#[utoipa::path(
    get,
    path = "/ticker/{symbol}",
    tag = "market",
    params(("symbol" = String, Path, description = "An instrument.")),
    responses(
        (status = 200, description = "The market.", body = TickerAnswer),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
    security(()),
)]
async fn ticker(State(state): State<AppState>, Segment(symbol): Segment) -> Result<axum::Json<TickerAnswer>, Problem> {
    let facts = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let instrument = listed(&folds, &symbol)?.instrument;
    let snapshot = Snapshot::of(&folds, &facts, instrument, now()).ok_or_else(|| Problem::not_found("instrument"))?;
    Ok(axum::Json(TickerAnswer { ticker: snapshot.ticker() }))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Summary {
    Latest { latest_price: Number, symbol: String, currency: String, timestamp: String },
    None { message: &'static str },
}

/// Shows the last price of the venue, or of one instrument.
#[utoipa::path(
    get,
    path = "/summary",
    tag = "market",
    params(("symbol" = Option<String>, Query, description = "Only of this instrument.")),
    responses(
        (status = 200, description = "The last price, or a message that there is none.", body = Summary),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
    security(()),
)]
async fn summary(State(state): State<AppState>, params: Params) -> Result<axum::Json<Summary>, Problem> {
    let query: MarketQuery = params.read()?;
    let folds = state.venue.read();
    let trades = folds.market.trades();
    let last = match query.symbol.as_deref() {
        Some(symbol) => trades.last(listed(&folds, symbol)?.instrument),
        None => trades.recent_all().next(),
    };
    let Some(last) = last else { return Ok(axum::Json(Summary::None { message: "No market data available" })) };
    let quoted = folds.quoted_or_bare(last.instrument);
    Ok(axum::Json(Summary::Latest {
        latest_price: number(quoted.decimals.price(last.price)),
        symbol: quoted.symbol.to_string(),
        currency: quoted.currency.to_string(),
        timestamp: instant(last.time),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Statistics {
    Traded(Box<TradeStatistics>),
    None { error: &'static str, period_days: u32, credit_type: String },
}

#[derive(Debug, Serialize, ToSchema)]
struct TradeStatistics {
    period_days: u32,
    credit_type: String,
    trade_count: u64,
    /// Of the trades, each counting once.
    average_price: Number,
    min_price: Number,
    max_price: Number,
    price_std_dev: Number,
    /// The standard deviation as a percentage of the average.
    price_volatility: Number,
    total_volume: Number,
    total_value_usd: Number,
    generated_at: String,
}

/// Shows statistics over the trades of the last days.
#[utoipa::path(
    get,
    path = "/statistics",
    tag = "market",
    params(
        ("days" = Option<u32>, Query, description = "30."),
        ("credit_type" = Option<String>, Query, description = "Only credits of this type."),
    ),
    responses(
        (status = 200, description = "The statistics, or an error text when there were no trades.", body = Statistics),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
    ),
    security(()),
)]
async fn statistics(State(state): State<AppState>, params: Params) -> Result<axum::Json<Statistics>, Problem> {
    let query: MarketQuery = params.read()?;
    let period_days = days(query.days, 30)?;
    let credit_type = query.credit_type.clone().unwrap_or_else(|| "all".to_owned());
    let facts = state.venue.facts(&state.store).await;
    let (currency, instruments) = {
        let folds = state.venue.read();
        (shapes::currency(&folds), of_type(&folds, &facts, query.credit_type.as_deref()))
    };
    let since = now().nanos().saturating_sub(u64::from(period_days) * NANOS_PER_DAY);
    let found = match currency {
        Some((currency, scale)) => {
            let filter = MarketFilter { currency, instruments, since: Timestamp::from_nanos(since) };
            Spread::of(&state.store.market().prices(&filter).await?, scale)
        }
        None => None,
    };
    let Some(found) = found else {
        let error = "No trades in this period";
        return Ok(axum::Json(Statistics::None { error, period_days, credit_type }));
    };
    let average = number(found.average);
    let relative = 100.0 * found.deviation / average.to_string().parse::<f64>().unwrap_or(f64::INFINITY);
    Ok(axum::Json(Statistics::Traded(Box::new(TradeStatistics {
        period_days,
        credit_type,
        trade_count: found.count,
        average_price: average,
        min_price: number(found.min),
        max_price: number(found.max),
        price_std_dev: rounded(found.deviation),
        price_volatility: rounded(relative),
        total_volume: number(cx_market_data::Scaled { mantissa: found.volume, scale: 0 }),
        total_value_usd: number(found.turnover),
        generated_at: instant(now()),
    }))))
}

#[derive(Debug, Serialize, ToSchema)]
struct Depth {
    symbol: String,
    bids: Vec<DepthLevel>,
    asks: Vec<DepthLevel>,
    /// When the book last changed.
    timestamp: String,
    /// The last command that changed it, as in the `book` channel of the WebSocket.
    seq: u64,
}

/// Shows the book by price level, the best first.
#[utoipa::path(
    get,
    path = "/depth/{symbol}",
    tag = "market",
    params(
        ("symbol" = String, Path, description = "An instrument."),
        ("levels" = Option<u32>, Query, description = "Of each side: 10, at most 50."),
    ),
    responses(
        (status = 200, description = "The book.", body = Depth),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
    security(()),
)]
async fn depth(
    State(state): State<AppState>,
    Segment(symbol): Segment,
    params: Params,
) -> Result<axum::Json<Depth>, Problem> {
    let folds = state.venue.read();
    let instrument = listed(&folds, &symbol)?.instrument;
    let query: MarketQuery = params.read()?;
    let levels = within("levels", query.levels, 10, 50)?;
    let quoted = folds.quoted_or_bare(instrument);
    let book = folds.market.book(instrument).ok_or_else(|| Problem::not_found("instrument"))?;
    let (bids, asks) = crate::venue::depth_of(book, levels);
    let show = |levels: &[_]| levels.iter().map(|level| DepthLevel::of(&quoted, level)).collect();
    let changed = if book.time() == Timestamp::default() { now() } else { book.time() };
    let (bids, asks) = (show(&bids), show(&asks));
    let (symbol, timestamp, seq) = (quoted.symbol.to_string(), instant(changed), book.seq().get());
    Ok(axum::Json(Depth { symbol, bids, asks, timestamp, seq }))
}

#[derive(Debug, Serialize, ToSchema)]
struct RecentTrades {
    trades: Vec<Trade>,
    total: usize,
}

/// Lists the venue's last trades, newest first, with the aggressor's side.
#[utoipa::path(
    get,
    path = "/trades/recent",
    tag = "market",
    params(
        ("limit" = Option<u32>, Query, description = "50, at most 200."),
        ("credit_type" = Option<String>, Query, description = "Only credits of this type."),
        ("symbol" = Option<String>, Query, description = "Only of this instrument."),
    ),
    responses(
        (status = 200, description = "The trades.", body = RecentTrades),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
    ),
    security(()),
)]
async fn recent_trades(State(state): State<AppState>, params: Params) -> Result<axum::Json<RecentTrades>, Problem> {
    let query: MarketQuery = params.read()?;
    let limit = within("limit", query.limit, 50, 200)?;
    let facts = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let of_type = of_type(&folds, &facts, query.credit_type.as_deref());
    let only = query.symbol.as_deref().map(|symbol| listed(&folds, symbol).ok().map(|listed| listed.instrument));
    let trades = folds.market.trades();
    let recent: Box<dyn Iterator<Item = _>> = match only {
        Some(Some(instrument)) => Box::new(trades.recent(instrument)),
        Some(None) => Box::new(std::iter::empty()),
        None => Box::new(trades.recent_all()),
    };
    let wanted = recent.filter(|trade| of_type.as_ref().is_none_or(|wanted| wanted.contains(&trade.instrument)));
    let shown = wanted.take(limit).filter_map(|trade| {
        let quoted = folds.quoted(trade.instrument)?;
        Some(Trade::of(&quoted, &facts.of(&quoted), &OwnTrade::of_public(&folds, trade)?))
    });
    let trades: Vec<_> = shown.collect();
    let total = trades.len();
    Ok(axum::Json(RecentTrades { trades, total }))
}

#[derive(Debug, Serialize, ToSchema)]
struct MarketHealth {
    /// `no_data`, `healthy` or `stale` (nothing for an hour).
    status: &'static str,
    latest_data_age_seconds: Option<u64>,
    latest_timestamp: Option<String>,
}

/// Shows how old the last change of a book is.
#[utoipa::path(
    get,
    path = "/health",
    tag = "market",
    responses((status = 200, description = "How fresh the data is.", body = MarketHealth)),
    security(()),
)]
async fn market_health(State(state): State<AppState>) -> axum::Json<MarketHealth> {
    let folds = state.venue.read();
    let books = folds.market.listings().instruments().iter().filter_map(|one| folds.market.book(one.instrument));
    let latest = books.map(cx_market_data::BookL2::time).max().filter(|latest| *latest != Timestamp::default());
    let Some(latest) = latest else {
        return axum::Json(MarketHealth { status: "no_data", latest_data_age_seconds: None, latest_timestamp: None });
    };
    let age = now().nanos().saturating_sub(latest.nanos()) / NANOS_PER_SECOND;
    let status = if age > STALE_AFTER_SECONDS { "stale" } else { "healthy" };
    let latest_timestamp = Some(instant(latest));
    axum::Json(MarketHealth { status, latest_data_age_seconds: Some(age), latest_timestamp })
}

#[derive(Debug, Serialize, ToSchema)]
struct InstrumentList {
    /// Whether all trading is stopped.
    halted: bool,
    instruments: Vec<Instrument>,
}

/// Lists what can be traded.
#[utoipa::path(
    get,
    path = "/instruments",
    tag = "market",
    responses((status = 200, description = "The instruments, in the order of their listing.", body = InstrumentList)),
    security(()),
)]
async fn instruments(State(state): State<AppState>) -> axum::Json<InstrumentList> {
    let facts = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let all = folds.market.listings().instruments().iter().filter_map(|listed| {
        let quoted = folds.quoted(listed.instrument)?;
        Some(Instrument::of(&folds, &quoted, &facts.of(&quoted), listed))
    });
    axum::Json(InstrumentList { instruments: all.collect(), halted: folds.market.halted() })
}

#[derive(Debug, Serialize, ToSchema)]
struct MarketStatus {
    /// Whether all trading is stopped; cancels are taken.
    halted: bool,
    /// Without those that are delisted.
    instruments: Vec<InstrumentStatus>,
}

/// Shows what each instrument is open for now.
#[utoipa::path(
    get,
    path = "/status",
    tag = "market",
    params(("symbol" = Option<String>, Query, description = "Only of this instrument, delisted or not.")),
    responses(
        (status = 200, description = "Phases, their ends and auctions.", body = MarketStatus),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
    security(()),
)]
async fn market_status(State(state): State<AppState>, params: Params) -> Result<axum::Json<MarketStatus>, Problem> {
    let query: MarketQuery = params.read()?;
    let folds = state.venue.read();
    let only = query.symbol.as_deref().map(|symbol| listed(&folds, symbol)).transpose()?;
    let all = folds.market.listings().instruments().iter().map(|listed| listed.instrument);
    let is_wanted = |instrument: &InstrumentId| match only {
        Some(only) => only.instrument == *instrument,
        None => folds.market.session(*instrument).phase != Phase::Delisted,
    };
    let instruments = all.filter(is_wanted).filter_map(|instrument| InstrumentStatus::of(&folds, instrument)).collect();
    Ok(axum::Json(MarketStatus { halted: folds.market.halted(), instruments }))
}

/// The words of timeframes, for messages.
fn timeframe(given: Option<&str>, default: Timeframe) -> Result<Timeframe, Problem> {
    let Some(word) = given else { return Ok(default) };
    Timeframe::from_code(word).ok_or_else(|| {
        let words: Vec<_> = Timeframe::ALL.iter().map(|one| one.code()).collect();
        Problem::invalid("timeframe", format!("timeframe must be one of {}", words.join(", ")))
    })
}
