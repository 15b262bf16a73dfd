//! Who trades in a run: accounts that are given, and users registered for it, and what each can afford.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use indicatif::ProgressBar;
use rand::Rng as _;
use rand::distr::Alphanumeric;
use rust_decimal::Decimal;

use super::args::LoadArgs;
use super::client::rest::{Instrument, Issue, Tokens};
use super::client::{Rest, RestError};
use super::credentials::{self, Login, Named};
use super::flow::Seat;

/// Instruments that are traded when none are named.
const SYMBOLS: usize = 4;
/// Cash that a registered user gets, in whole units of the currency.
const CASH: u64 = 1_000_000;
/// Credits that a registered user gets of each instrument.
const CREDITS: u64 = 100_000;
/// How many users are registered when no accounts are given.
const USERS: u16 = 4;
/// How often a request that the server's rate limit refused is tried again.
const TRIES: usize = 5;
/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(65);

/// An account that trades.
#[derive(Debug, Clone)]
pub struct Trader {
    /// Its tokens.
    pub tokens: Tokens,
    /// What it can afford.
    pub seat: Seat,
}

/// Everybody and everything that is traded.
#[derive(Debug)]
pub struct Market {
    /// What is traded.
    pub instruments: Vec<Instrument>,
    /// Who trades; everybody has something to trade with.
    pub traders: Vec<Trader>,
}

/// An account and what it has free.
struct Wallet {
    tokens: Tokens,
    free: HashMap<String, Decimal>,
}

impl Wallet {
    async fn of(rest: &Rest, tokens: Tokens) -> Result<Self, RestError> {
        let balances = rest.balances(&tokens.access_token).await?;
        Ok(Self { tokens, free: balances.into_iter().map(|balance| (balance.asset, balance.available)).collect() })
    }

    fn has(&self, asset: &str) -> bool {
        self.free.get(asset).is_some_and(|amount| *amount > Decimal::ZERO)
    }

    fn seat(&self, instruments: &[Instrument]) -> Seat {
        Seat {
            buys: instruments.iter().all(|instrument| self.has(&instrument.currency)),
            sells: instruments.iter().map(|instrument| self.has(instrument.credits())).collect(),
        }
    }
}

/// Logs in, chooses instruments, and registers users.
pub async fn assemble(rest: &Rest, args: &LoadArgs, run: &str, bar: &ProgressBar) -> anyhow::Result<Market> {
    bar.set_message("looking at the instruments");
    let listed = rest.instruments().await?;
    let named = args.accounts.as_deref().map(credentials::read).transpose()?.unwrap_or_default();
    let mut wallets = Vec::new();
    for Login { email, password } in &named.traders {
        bar.set_message(format!("logging in as {email}"));
        wallets.push(Wallet::of(rest, patiently(bar, || rest.login(email, password)).await?).await?);
    }
    let instruments = chosen(listed, &args.symbols, &wallets)?;
    let users = args.users.unwrap_or(if wallets.is_empty() { USERS } else { 0 });
    if users > 0 {
        let Login { email, password } = staff(args, &named)?;
        let staff = patiently(bar, || rest.login(&email, &password)).await.context("the admin")?;
        for tokens in register(rest, &staff, users, run, &instruments, bar).await? {
            wallets.push(Wallet::of(rest, tokens).await?);
        }
    }
    let trader = |wallet: Wallet| Trader { seat: wallet.seat(&instruments), tokens: wallet.tokens };
    let able = |trader: &Trader| trader.seat.buys || trader.seat.sells.contains(&true);
    let traders: Vec<Trader> = wallets.into_iter().map(trader).filter(able).collect();
    ensure!(!traders.is_empty(), "the accounts have neither cash nor credits");
    Ok(Market { instruments, traders })
}

/// Instruments for which no account has credits: nothing will trade there.
pub fn without_sellers(market: &Market) -> Vec<&str> {
    let sold = |place: usize| market.traders.iter().any(|trader| trader.seat.sells[place]);
    let unsold = market.instruments.iter().enumerate().filter(|&(place, _)| !sold(place));
    unsold.map(|(_, instrument)| instrument.symbol.as_str()).collect()
}

fn staff(args: &LoadArgs, named: &Named) -> anyhow::Result<Login> {
    match (&args.admin_email, &args.admin_password, &named.staff) {
        (Some(email), Some(password), _) => Ok(Login { email: email.clone(), password: password.clone() }),
        (_, _, Some(staff)) => Ok(staff.clone()),
        _ => bail!(
            "nobody to trade with: give --accounts EMAIL:PASSWORD,... or --admin-email and --admin-password, with which \
             users are registered, approved and given cash and credits"
        ),
    }
}

/// The instruments that were named, or the first few, those of which somebody has credits before the others.
fn chosen(mut listed: Vec<Instrument>, wanted: &[String], wallets: &[Wallet]) -> anyhow::Result<Vec<Instrument>> {
    ensure!(!listed.is_empty(), "the server lists no instruments: `import-projects` or `serve --demo` brings some");
    if wanted.is_empty() {
        listed.sort_by_key(|instrument| !wallets.iter().any(|wallet| wallet.has(instrument.credits())));
        listed.truncate(SYMBOLS);
        return Ok(listed);
    }
    let find = |symbol: &String| {
        let found = listed.iter().find(|instrument| instrument.symbol == *symbol);
        found.cloned().with_context(|| format!("the server does not list {symbol}"))
    };
    wanted.iter().map(find).collect()
}

async fn register(
    rest: &Rest,
    staff: &Tokens,
    users: u16,
    run: &str,
    instruments: &[Instrument],
    bar: &ProgressBar,
) -> anyhow::Result<Vec<Tokens>> {
    let mut all = Vec::new();
    for number in 1..=users {
        bar.set_message(format!("registering user {number} of {users}"));
        let name = format!("load-{run}-{number}");
        let (email, password) = (format!("{name}@load.example"), password());
        let registered = patiently(bar, || rest.register(&email, &password)).await?;
        let (staff, user) = (&staff.access_token, registered.user.id);
        rest.approve(staff, user).await?;
        let currencies: BTreeSet<&str> = instruments.iter().map(|instrument| instrument.currency.as_str()).collect();
        for currency in currencies {
            let status = rest.deposit(staff, user, currency, CASH, &format!("{name}-{currency}")).await?;
            ensure!(status == "completed", "a deposit of {CASH} {currency} is {status}: it may need a second approval");
        }
        for instrument in instruments {
            let (Some(project), Some(year)) = (instrument.project_id, instrument.vintage_year) else { continue };
            // No registry has a form that begins like this, so the serial is taken as it is.
            let serial = format!("{name}-{}", instrument.credits());
            let issue =
                Issue { project_id: project, vintage_year: year, quantity: CREDITS, owner_user_id: user, serial };
            rest.issue(staff, &issue).await?;
        }
        all.push(registered.tokens);
    }
    Ok(all)
}

/// A password that nobody needs to remember.
fn password() -> String {
    let random: String = rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect();
    format!("Aa1!{random}")
}

/// Tries again when the server limits the rate, as long as it asks for.
async fn patiently<T, F>(bar: &ProgressBar, mut ask: impl FnMut() -> F) -> Result<T, RestError>
where
    F: Future<Output = Result<T, RestError>>,
{
    for _ in 1..TRIES {
        match ask().await {
            Err(error) if error.wait().is_some() => {
                let wait = Duration::from_secs(error.wait().unwrap_or(1)).min(WAIT_MAX);
                bar.set_message(format!("the server limits logins: waiting {} s", wait.as_secs()));
                tokio::time::sleep(wait).await;
            }
            done => return done,
        }
    }
    ask().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn instrument(symbol: &str) -> Instrument {
        Instrument {
            symbol: symbol.to_owned(),
            project_id: None,
            vintage_year: None,
            currency: "USD".to_owned(),
            tick_size: Decimal::new(1, 2),
            lot_size: Decimal::ONE,
            price_max: Decimal::from(100_000),
        }
    }

    fn wallet(assets: &[&str]) -> Wallet {
        let tokens = Tokens { access_token: String::new(), refresh_token: String::new() };
        Wallet { tokens, free: assets.iter().map(|&asset| (asset.to_owned(), Decimal::ONE)).collect() }
    }

    #[test]
    fn instruments_with_sellers_are_chosen_first() {
        let listed = || ["A-USD", "B-USD", "C-USD", "D-USD", "E-USD"].map(instrument).to_vec();
        let symbols = |chosen: Vec<Instrument>| chosen.into_iter().map(|i| i.symbol).collect::<Vec<_>>();
        let wallets = [wallet(&["USD"]), wallet(&["E", "C"])];
        assert_eq!(symbols(chosen(listed(), &[], &wallets).unwrap()), ["C-USD", "E-USD", "A-USD", "B-USD"]);
        let named = ["D-USD".to_owned()];
        assert_eq!(symbols(chosen(listed(), &named, &wallets).unwrap()), named);
        let error = chosen(listed(), &["X-USD".to_owned()], &wallets).unwrap_err().to_string();
        assert!(error.contains("X-USD"), "{error}");
        assert!(chosen(Vec::new(), &[], &wallets).is_err());
    }

    #[test]
    fn a_seat_knows_what_its_account_can_pay_for() {
        let instruments = ["A-USD", "B-USD"].map(instrument);
        let (rich, owner) = (wallet(&["USD"]).seat(&instruments), wallet(&["B"]).seat(&instruments));
        assert_eq!((rich.buys, rich.sells), (true, vec![false, false]));
        assert_eq!((owner.buys, owner.sells), (false, vec![false, true]));
    }

    #[test]
    fn passwords_meet_the_rules_and_differ() {
        let (one, two) = (password(), password());
        assert_ne!(one, two);
        let classes =
            [char::is_uppercase, char::is_lowercase, |c: char| c.is_ascii_digit(), |c: char| c.is_ascii_punctuation()];
        assert!(classes.iter().all(|class| one.chars().any(class)));
    }
}
