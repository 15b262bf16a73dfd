//! What the own credits are worth: holdings at average cost against the market, and the portfolio that they make.

use axum::extract::State;
use cx_engine::command::AssetClass;
use cx_engine::event::{AssetAdded, InstrumentListed};
use cx_engine::ids::{AccountId, AssetId};
use cx_engine::units::{Price, Timestamp};
use cx_market_data::{Balance, Scaled};
use cx_store::identity::Users;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::shapes::{instant, number, of_micros, percentage};
use crate::auth::CurrentUser;
use crate::number::Number;
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;
use crate::venue::decimal::{average, cash};
use crate::venue::facts::FactsView;
use crate::venue::positions::Position;
use crate::venue::{Folds, Quoted};

/// Every account has one portfolio.
const PORTFOLIO_NAME: &str = "Trading";
/// Namespace of holdings' and portfolios' uuids (version 5). Fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x9d2a_41c7_6b1e_5a60_8f3d_2c90_74e5_b1a8);

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(portfolio)).routes(routes!(list_holdings))
}

/// Credits of one project and vintage.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Holding {
    id: u64,
    uuid: Uuid,
    /// The instrument that trades these credits.
    symbol: String,
    quantity: Number,
    available_quantity: Number,
    /// Per credit, fees included; 0 for credits that were issued to the owner.
    average_cost: Number,
    /// The last trade; without one the middle of the touch.
    current_price: Option<Number>,
    current_value: Option<Number>,
    /// Realised and unrealised.
    total_pnl: Number,
    /// Of the cost of what is held; 0 where that is nothing.
    pnl_percentage: Number,
    vintage_year: Option<i32>,
    currency: String,
    created_at: String,
    updated_at: String,
    first_acquired_at: String,
    last_traded_at: Option<String>,
    portfolio_name: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct HoldingList {
    holdings: Vec<Holding>,
    total: usize,
}

/// All credits of an account together.
#[allow(clippy::struct_field_names)] // the contract's names
#[derive(Debug, Serialize, ToSchema)]
struct Portfolio {
    id: u32,
    uuid: Uuid,
    name: &'static str,
    portfolio_type: &'static str,
    description: &'static str,
    base_currency: String,
    /// Credits at market; those without a price at cost. Cash is at `/api/trading/balances`.
    total_value: Number,
    total_credits: Number,
    total_pnl: Number,
    number_of_holdings: usize,
    is_active: bool,
    created_at: String,
    updated_at: String,
    last_valuation_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PortfolioList {
    portfolios: Vec<Portfolio>,
    total: usize,
}

/// A holding in integers: lots, and minor units of the currency.
#[derive(Debug, Clone, Copy)]
struct Valued {
    asset: AssetAdded,
    listed: InstrumentListed,
    quoted: Quoted,
    balance: Balance,
    position: Position,
    price: Option<Scaled>,
    /// At market; `None` without a price.
    value: Option<i128>,
}

impl Valued {
    /// The account's credits that are not zero, by asset.
    fn all(folds: &Folds, account: AccountId) -> Vec<Self> {
        let balances = folds.accounts.balances_of(account);
        balances.into_iter().filter_map(|(asset, balance)| Self::of(folds, account, asset, balance)).collect()
    }

    fn of(folds: &Folds, account: AccountId, asset: AssetId, balance: Balance) -> Option<Self> {
        let listings = folds.market.listings();
        let asset = *listings.asset(asset).filter(|asset| asset.class == AssetClass::Credit)?;
        let position = *folds.positions.get(account, asset.asset)?;
        let traded_on = position.instrument.and_then(|instrument| listings.instrument(instrument));
        let listed = *traded_on.or_else(|| listings.instruments_of(asset.asset).next())?;
        let quoted = folds.quoted(listed.instrument)?;
        let (price, value) = market_price(folds, &listed, &quoted, i128::from(balance.total().minor()));
        Some(Self { asset, listed, quoted, balance, position, price, value })
    }

    fn lots(&self) -> i128 {
        i128::from(self.balance.total().minor())
    }

    /// What it adds to a total: market value, or cost where there is no market.
    fn worth(&self) -> i128 {
        self.value.unwrap_or(self.position.cost)
    }

    fn pnl(&self) -> i128 {
        self.position.realised + self.worth() - self.position.cost
    }

    fn shown(&self, account: AccountId, facts: &FactsView) -> Holding {
        let (decimals, position) = (&self.quoted.decimals, &self.position);
        let money = |minor| number(cash(minor, decimals.minor.scale));
        let lots = |minor: i64| number(Scaled { mantissa: i128::from(minor), scale: self.asset.scale });
        // There are at most 2^24 accounts and 2^20 assets.
        let id = u64::from(account.get()) << 20 | u64::from(self.asset.asset.get());
        let name = format!("holding/{}/{}", account.get(), self.asset.code);
        Holding {
            id,
            uuid: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
            symbol: self.listed.symbol.to_string(),
            quantity: lots(self.balance.total().minor()),
            available_quantity: lots(self.balance.available.minor()),
            average_cost: average(position.cost, self.lots(), decimals).map_or(Number::ZERO, number),
            current_price: self.price.map(number),
            current_value: self.value.map(money),
            total_pnl: money(self.pnl()),
            pnl_percentage: percentage(self.pnl(), position.cost),
            vintage_year: facts.of(&self.quoted).vintage_year,
            currency: self.quoted.currency.to_string(),
            created_at: instant(position.acquired_at),
            updated_at: instant(position.updated_at),
            first_acquired_at: instant(position.acquired_at),
            last_traded_at: position.traded_at.map(instant),
            portfolio_name: PORTFOLIO_NAME,
        }
    }
}

/// The last trade's price, or the middle of the touch, and what `lots` are worth at it (rounded down to the minor unit).
fn market_price(
    folds: &Folds,
    listed: &InstrumentListed,
    quoted: &Quoted,
    lots: i128,
) -> (Option<Scaled>, Option<i128>) {
    // Twice the price in ticks, so that the middle of the touch is whole.
    let last = folds.market.trades().last(listed.instrument).map(|trade| 2 * i128::from(trade.price.ticks()));
    let touch = folds.market.book(listed.instrument).and_then(|book| {
        use cx_engine::command::Side;
        let ticks = |price: Price| i128::from(price.ticks());
        Some(ticks(book.best(Side::Buy)?.price) + ticks(book.best(Side::Sell)?.price))
    });
    let Some(twice) = last.or(touch) else { return (None, None) };
    let tick = quoted.decimals.tick;
    let price = crate::venue::decimal::trimmed(
        Scaled { mantissa: twice * tick.mantissa * 5, scale: tick.scale + 1 },
        tick.scale,
    );
    let value = twice.checked_mul(lots).and_then(|value| value.checked_mul(i128::from(listed.tick_value)));
    (Some(price), value.map(|twice| twice.div_euclid(2)))
}

/// Shows the own portfolio.
#[utoipa::path(
    get,
    path = "/portfolio",
    tag = "trading",
    responses(
        (status = 200, description = "The portfolio.", body = PortfolioList),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn portfolio(State(state): State<AppState>, user: CurrentUser) -> Result<axum::Json<PortfolioList>, Problem> {
    let opened = Users::new(state.store.clone()).by_id(user.id).await?;
    let opened = opened.map_or_else(|| instant(Timestamp::default()), |record| of_micros(record.created_at));
    let folds = state.venue.read();
    let held = Valued::all(&folds, user.account);
    // Sums are of one currency; a venue with several will have a portfolio for each.
    let currency = held.first().map_or_else(|| "USD".to_owned(), |first| first.quoted.currency.to_string());
    let of_currency = || held.iter().filter(|one| one.quoted.currency.as_str() == currency);
    let scale = held.first().map_or(0, |first| first.quoted.decimals.minor.scale);
    let updated = held.iter().map(|one| one.position.updated_at).max();
    let name = format!("portfolio/{}", user.account.get());
    let portfolio = Portfolio {
        id: user.account.get(),
        uuid: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
        name: PORTFOLIO_NAME,
        portfolio_type: "trading",
        description: "All credits of the account.",
        base_currency: currency.clone(),
        total_value: number(cash(of_currency().map(Valued::worth).sum(), scale)),
        total_credits: total_credits(&held),
        total_pnl: number(cash(of_currency().map(Valued::pnl).sum(), scale)),
        number_of_holdings: held.len(),
        is_active: true,
        created_at: opened.clone(),
        updated_at: updated.map_or(opened, instant),
        last_valuation_at: updated.map(|_| instant(folds.market.time())),
    };
    Ok(axum::Json(PortfolioList { portfolios: vec![portfolio], total: 1 }))
}

/// Credits of different scales, added at the finest.
fn total_credits(held: &[Valued]) -> Number {
    let scale = held.iter().map(|one| one.asset.scale).max().unwrap_or(0);
    let raised = |one: &Valued| one.lots() * 10_i128.pow(u32::from(scale - one.asset.scale));
    number(Scaled { mantissa: held.iter().map(raised).sum(), scale })
}

/// Lists the own credits.
#[utoipa::path(
    get,
    path = "/portfolio/holdings",
    tag = "trading",
    responses(
        (status = 200, description = "The credits.", body = HoldingList),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn list_holdings(State(state): State<AppState>, user: CurrentUser) -> axum::Json<HoldingList> {
    let facts = state.venue.facts(&state.store).await;
    let held = Valued::all(&state.venue.read(), user.account);
    let holdings: Vec<_> = held.iter().map(|one| one.shown(user.account, &facts)).collect();
    let total = holdings.len();
    axum::Json(HoldingList { holdings, total })
}
