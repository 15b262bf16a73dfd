//! Who trades in a run: accounts that are given, and users registered for it. Registered users have cash and buy; credits
//! come from the accounts that are given.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use indicatif::ProgressBar;
use rand::Rng as _;
use rand::distr::Alphanumeric;
use rust_decimal::Decimal;

use super::args::LoadArgs;
use super::client::rest::{Instrument, Tokens};
use super::client::{Rest, RestError};
use super::flow::Seat;

/// Cash that a registered user gets, in whole units of the currency.
const CASH: u64 = 1_000_000;
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

/// An e-mail address and its password.
type Credentials = (String, String);

/// Logs in or registers, and finds out what each account can trade.
pub async fn assemble(
    rest: &Rest,
    args: &LoadArgs,
    run: &str,
    instruments: &[Instrument],
    bar: &ProgressBar,
) -> anyhow::Result<Vec<Trader>> {
    let mut tokens = Vec::new();
    for (email, password) in args.accounts.as_deref().map_or(Ok(Vec::new()), credentials)? {
        bar.set_message(format!("logging in as {email}"));
        tokens.push(patiently(bar, || rest.login(&email, &password)).await?);
    }
    let users = args.users.unwrap_or(if tokens.is_empty() { USERS } else { 0 });
    if users > 0 {
        let (Some(email), Some(password)) = (&args.admin_email, &args.admin_password) else {
            bail!(
                "nobody to trade with: give --accounts EMAIL:PASSWORD,... or --admin-email and --admin-password, with \
                 which users are registered, approved and given cash"
            );
        };
        let staff = patiently(bar, || rest.login(email, password)).await.context("the admin")?;
        tokens.extend(register(rest, &staff, users, run, instruments, bar).await?);
    }
    let mut traders = Vec::new();
    for tokens in tokens {
        let seat = seat(rest, &tokens, instruments).await?;
        traders.push(Trader { tokens, seat });
    }
    ensure!(
        traders.iter().any(|trader| trader.seat.buys || trader.seat.sells.contains(&true)),
        "the accounts have neither cash nor credits"
    );
    Ok(traders)
}

/// Instruments for which no account has credits: nothing will trade there.
pub fn without_sellers<'a>(traders: &[Trader], instruments: &'a [Instrument]) -> Vec<&'a str> {
    let sold = |place: usize| traders.iter().any(|trader| trader.seat.sells[place]);
    let unsold = instruments.iter().enumerate().filter(|&(place, _)| !sold(place));
    unsold.map(|(_, instrument)| instrument.symbol.as_str()).collect()
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
        let (email, password) = (format!("load-{run}-{number}@load.example"), password());
        let registered = patiently(bar, || rest.register(&email, &password)).await?;
        let (staff, user) = (&staff.access_token, registered.user.id);
        rest.approve(staff, user).await?;
        let currencies: BTreeSet<&str> = instruments.iter().map(|instrument| instrument.currency.as_str()).collect();
        for currency in currencies {
            let reference = format!("load-{run}-{number}-{currency}");
            let status = rest.deposit(staff, user, currency, CASH, &reference).await?;
            ensure!(status == "completed", "a deposit of {CASH} {currency} is {status}: it may need a second approval");
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

async fn seat(rest: &Rest, tokens: &Tokens, instruments: &[Instrument]) -> anyhow::Result<Seat> {
    let balances = rest.balances(&tokens.access_token).await?;
    let free: HashMap<&str, Decimal> = balances.iter().map(|b| (b.asset.as_str(), b.available)).collect();
    let has = |asset: &str| free.get(asset).is_some_and(|amount| *amount > Decimal::ZERO);
    Ok(Seat {
        buys: instruments.iter().all(|instrument| has(&instrument.currency)),
        sells: instruments.iter().map(|instrument| has(instrument.credits())).collect(),
    })
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

/// Reads `EMAIL:PASSWORD,...` or a file of `EMAIL:PASSWORD` lines (also with white space between them; `#` begins a
/// comment).
fn credentials(given: &str) -> anyhow::Result<Vec<Credentials>> {
    let file = Path::new(given);
    let text = if file.is_file() {
        std::fs::read_to_string(file).with_context(|| format!("cannot read the accounts in {given}"))?
    } else {
        given.replace(',', "\n")
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut all = Vec::new();
    for line in lines {
        let split = line.split_once(|c: char| c == ':' || c.is_whitespace());
        let Some((email, password)) = split.filter(|(email, _)| email.contains('@')) else {
            bail!("{line:?} in --accounts is not EMAIL:PASSWORD, and there is no file {given:?}");
        };
        all.push((email.to_owned(), password.trim().to_owned()));
    }
    ensure!(!all.is_empty(), "--accounts names nobody");
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pair(email: &str, password: &str) -> Credentials {
        (email.to_owned(), password.to_owned())
    }

    #[test]
    fn accounts_come_from_a_list_or_a_file() {
        let expected = [pair("a@b.c", "P:1"), pair("d@e.f", "Q 2")];
        assert_eq!(credentials("a@b.c:P:1, d@e.f:Q 2").unwrap(), expected);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accounts");
        std::fs::write(&file, "# who trades\na@b.c:P:1\n\n  d@e.f\tQ 2\n").unwrap();
        assert_eq!(credentials(file.to_str().unwrap()).unwrap(), expected);
        std::fs::write(&file, "# nobody\n").unwrap();
        assert!(credentials(file.to_str().unwrap()).is_err());
        let error = credentials("no-such-file").unwrap_err().to_string();
        assert!(error.contains("no-such-file"), "{error}");
    }

    #[test]
    fn passwords_meet_the_rules_and_differ() {
        let (one, two) = (password(), password());
        assert_ne!(one, two);
        for class in
            [char::is_uppercase, char::is_lowercase, |c: char| c.is_ascii_digit(), |c: char| c.is_ascii_punctuation()]
        {
            assert!(one.chars().any(class));
        }
    }
}
