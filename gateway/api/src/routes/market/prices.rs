//! Bars: price history newest first for tables, oldest first for charts.

use axum::extract::State;
use chrono::{DateTime, NaiveDate};
use cx_engine::event::InstrumentListed;
use cx_engine::units::Timestamp;
use cx_market_data::{Candle as Bar, Timeframe};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shapes::Candle;
use super::{NANOS_PER_DAY, days, listed, now, timeframe, within};
use crate::json::{Params, Segment};
use crate::problem::{Problem, ProblemBody};
use crate::routes::trading::shapes::instant;
use crate::state::AppState;
use crate::venue::Folds;
use crate::venue::facts::FactsView;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(prices)).routes(routes!(ohlcv))
}

#[derive(Debug, Default, Deserialize)]
struct PriceQuery {
    symbol: Option<String>,
    timeframe: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    days: Option<u32>,
    limit: Option<usize>,
}

/// A span of time, `[from, to)`.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    fn has(self, bar: &Bar) -> bool {
        bar.end > self.from && bar.start < self.to
    }
}

/// A date or a moment in RFC 3339. A date without a time is its beginning; as an end it is included whole.
fn moment(field: &str, text: &str, is_end: bool) -> Result<Timestamp, Problem> {
    let nanos = if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let start = date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_nanos_opt();
        let whole_day = i64::try_from(NANOS_PER_DAY).unwrap_or(0);
        start.and_then(|start| if is_end { start.checked_add(whole_day) } else { Some(start) })
    } else {
        DateTime::parse_from_rfc3339(text).ok().and_then(|at| at.timestamp_nanos_opt())
    };
    let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok());
    nanos
        .map(Timestamp::from_nanos)
        .ok_or_else(|| Problem::invalid(field, format!("{field} must be a date (2026-03-07) or a time in RFC 3339")))
}

fn span(query: &PriceQuery, days: u32) -> Result<Span, Problem> {
    let now = now();
    let to = match query.end_date.as_deref() {
        Some(text) => moment("end_date", text, true)?,
        None => Timestamp::from_nanos(now.nanos().saturating_add(1)),
    };
    let from = match query.start_date.as_deref() {
        Some(text) => moment("start_date", text, false)?,
        None => Timestamp::from_nanos(to.nanos().saturating_sub(u64::from(days) * NANOS_PER_DAY)),
    };
    if from >= to {
        return Err(Problem::invalid("start_date", "start_date must be before end_date"));
    }
    Ok(Span { from, to })
}

/// The last `limit` bars of an instrument within the span, newest first.
fn bars(
    folds: &Folds,
    facts: &FactsView,
    listed: &InstrumentListed,
    timeframe: Timeframe,
    span: Span,
    limit: usize,
) -> Vec<Candle> {
    let quoted = folds.quoted_or_bare(listed.instrument);
    let facts = facts.of(&quoted);
    let bars = folds.market.candles().bars(listed.instrument, timeframe).rev();
    let wanted = bars.filter(|bar| span.has(bar)).take(limit);
    wanted.map(|bar| Candle::of(&quoted, &facts, listed, timeframe, bar)).collect()
}

#[derive(Debug, Serialize, ToSchema)]
struct PriceList {
    prices: Vec<Candle>,
    total: usize,
    symbol: Option<String>,
    days: u32,
}

/// Lists bars, newest first.
#[utoipa::path(
    get,
    path = "/prices",
    tag = "market",
    params(
        ("symbol" = Option<String>, Query, description = "Only of this instrument."),
        ("timeframe" = Option<String>, Query, description = "`1m` `5m` `15m` `30m` `1h` `4h` `12h` `1d` (default) `1w` `1M`."),
        ("start_date" = Option<String>, Query, description = "A date or a time in RFC 3339."),
        ("end_date" = Option<String>, Query, description = "A date (included) or a time in RFC 3339."),
        ("days" = Option<u32>, Query, description = "How far back without a start date: 30."),
        ("limit" = Option<u32>, Query, description = "100, at most 1000."),
    ),
    responses(
        (status = 200, description = "The bars.", body = PriceList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
    ),
    security(()),
)]
async fn prices(State(state): State<AppState>, params: Params) -> Result<axum::Json<PriceList>, Problem> {
    let query: PriceQuery = params.read()?;
    let (days, limit) = (days(query.days, 30)?, within("limit", query.limit, 100, 1_000)?);
    let timeframe = timeframe(query.timeframe.as_deref(), Timeframe::Day1)?;
    let span = span(&query, days)?;
    let facts = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let wanted: Vec<_> = match query.symbol.as_deref() {
        // A symbol that names nothing has no prices.
        Some(symbol) => listed(&folds, symbol).ok().into_iter().collect(),
        None => folds.market.listings().instruments().to_vec(),
    };
    let mut prices: Vec<_> =
        wanted.iter().flat_map(|listed| bars(&folds, &facts, listed, timeframe, span, limit)).collect();
    // Ids begin with the bars' starts.
    prices.sort_by_key(|bar| std::cmp::Reverse(bar.id));
    prices.truncate(limit);
    let total = prices.len();
    Ok(axum::Json(PriceList { prices, total, symbol: query.symbol, days }))
}

#[derive(Debug, Serialize, ToSchema)]
struct Ohlcv {
    symbol: String,
    candles: Vec<Candle>,
    count: usize,
    from: String,
    to: String,
}

/// Lists the bars of an instrument, oldest first.
#[utoipa::path(
    get,
    path = "/prices/{symbol}/ohlcv",
    tag = "market",
    params(
        ("symbol" = String, Path, description = "An instrument."),
        ("timeframe" = Option<String>, Query, description = "`1m` `5m` `15m` `30m` `1h` `4h` `12h` `1d` (default) `1w` `1M`."),
        ("days" = Option<u32>, Query, description = "How far back: 30."),
        ("limit" = Option<u32>, Query, description = "The last 500, at most 1500."),
    ),
    responses(
        (status = 200, description = "The bars.", body = Ohlcv),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
    security(()),
)]
async fn ohlcv(
    State(state): State<AppState>,
    Segment(symbol): Segment,
    params: Params,
) -> Result<axum::Json<Ohlcv>, Problem> {
    let facts = state.venue.facts(&state.store).await;
    let folds = state.venue.read();
    let listed = listed(&folds, &symbol)?;
    let query: PriceQuery = params.read()?;
    let (days, limit) = (days(query.days, 30)?, within("limit", query.limit, 500, 1_500)?);
    let timeframe = timeframe(query.timeframe.as_deref(), Timeframe::Day1)?;
    let span = span(&query, days)?;
    let mut candles = bars(&folds, &facts, &listed, timeframe, span, limit);
    candles.reverse();
    let (count, from, to) = (candles.len(), instant(span.from), instant(span.to));
    Ok(axum::Json(Ohlcv { symbol: listed.symbol.to_string(), candles, count, from, to }))
}
