//! The demonstration's people: an admin, a market maker and a buyer, with generated passwords that are shown once and kept
//! in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use cx_api::AppState;
use cx_engine::Command;
use cx_engine::command::SetPermissions;
use cx_engine::ids::AccountId;
use cx_engine::units::Amount;
use cx_identity::{IdentityError, KycStatus, Registration, Role, SecretString, User, Verdict};
use cx_store::clock::now_micros;
use cx_store::idempotency::IdempotencyKey;
use cx_store::wallet::{NewTransaction, TransactionKind};
use rand::Rng as _;

use crate::exit::{Code, Failure, OrExit as _};
use crate::venue::currency;

/// The passwords' file in the data folder.
const FILE: &str = "demo-accounts.txt";
/// Characters of generated passwords that cannot be mistaken for one another.
const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
/// Level of the identity check: enhanced.
const KYC_LEVEL: u8 = 2;
/// Minor units of one dollar.
const DOLLAR: i64 = 10_000;

struct Person {
    name: &'static str,
    email: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    role: Role,
    dollars: i64,
}

const ADMIN: Person = Person {
    name: "ADMIN",
    email: "admin@demo.example",
    first_name: "Ada",
    last_name: "Admin",
    role: Role::Admin,
    dollars: 0,
};
const MAKER: Person = Person {
    name: "MAKER",
    email: "maker@demo.example",
    first_name: "Mara",
    last_name: "Maker",
    role: Role::MarketMaker,
    dollars: 2_000_000,
};
const BUYER: Person = Person {
    name: "BUYER",
    email: "buyer@demo.example",
    first_name: "Bo",
    last_name: "Buyer",
    role: Role::Individual,
    dollars: 100_000,
};

/// The demonstration's accounts.
pub struct Accounts {
    /// The admin's user number.
    pub admin: i64,
    /// The market maker's user number.
    pub maker: i64,
    /// The market maker's account in the exchange.
    pub maker_account: AccountId,
    buyer_account: AccountId,
    passwords: Passwords,
}

impl Accounts {
    /// Finds or makes the accounts, verified and permitted to trade.
    pub async fn ensure(state: &AppState, data: &Path) -> Result<Self, Failure> {
        let passwords = Passwords::ensure(&data.join(FILE))?;
        let admin = ensure(state, &ADMIN, &passwords).await.or_exit(Code::Database, "the demonstration's admin")?;
        let maker = trader(state, &MAKER, &passwords, admin.id).await?;
        let buyer = trader(state, &BUYER, &passwords, admin.id).await?;
        for user in [&maker, &buyer] {
            permit(state, user).await.or_exit(Code::Internal, "permitting demonstration accounts to trade")?;
        }
        let (maker_account, buyer_account) = (maker.account(), buyer.account());
        Ok(Self { admin: admin.id, maker: maker.id, maker_account, buyer_account, passwords })
    }

    /// Deposits the demonstration's cash, once.
    pub async fn fund(&self, state: &AppState) -> Result<(), Failure> {
        let admin = AccountId::new(u32::try_from(self.admin).or_exit(Code::Internal, "the admin's number")?);
        for (person, account) in [(&MAKER, self.maker_account), (&BUYER, self.buyer_account)] {
            let new = NewTransaction {
                account,
                kind: TransactionKind::Deposit,
                asset: currency::of_venue(state),
                amount: Amount::from_minor(person.dollars * DOLLAR),
                reference: Some("Demonstration money".to_owned()),
                destination: None,
                created_by: admin,
                needs_approval: false,
            };
            let key = IdempotencyKey {
                account: admin,
                route: "demo".to_owned(),
                key: format!("cash-of-{}", person.name),
                body_hash: [0; 32],
            };
            state.store.transactions().create(&new, Some(&key)).await.or_exit(Code::Database, "demonstration cash")?;
        }
        cx_api::resume_transactions(state).await.or_exit(Code::Database, "depositing demonstration cash")?;
        Ok(())
    }

    /// Shows the accounts: with their passwords when these are new.
    pub fn tell(&self) {
        let path = self.passwords.path.display();
        if self.passwords.new {
            eprintln!("\nDemonstration accounts (shown once; kept in {path}, readable by you alone):\n");
            for (person, password) in &self.passwords.all {
                eprintln!("  {:6} {:20} {password}", person.name.to_lowercase(), person.email);
            }
            eprintln!(
                "\nTheir money is play money. The market maker's prices are demonstration prices made up by this program:\n\
                 they say nothing about what the credits are worth.\n"
            );
        } else {
            tracing::info!("demonstration accounts: their passwords are in {path}");
        }
    }
}

async fn ensure(state: &AppState, person: &Person, passwords: &Passwords) -> Result<User, IdentityError> {
    if let Some(user) = state.identity.user_by_email(person.email).await? {
        return Ok(user);
    }
    let registration = Registration {
        email: person.email.to_owned(),
        password: SecretString::from(passwords.of(person)),
        first_name: person.first_name.to_owned(),
        last_name: person.last_name.to_owned(),
        phone_number: None,
        company_name: None,
    };
    state.identity.add_user(registration, person.role, true).await
}

async fn trader(state: &AppState, person: &Person, passwords: &Passwords, admin: i64) -> Result<User, Failure> {
    let context = format!("the demonstration's {}", person.name.to_lowercase());
    let user = ensure(state, person, passwords).await.or_exit(Code::Database, &context)?;
    if user.kyc_status == KycStatus::Approved {
        return Ok(user);
    }
    let verdict = Verdict::Approve { level: KYC_LEVEL };
    state.identity.review(user.id, &verdict, admin).await.or_exit(Code::Database, &context)
}

/// Lets the core know that the account may trade.
async fn permit(state: &AppState, user: &User) -> anyhow::Result<()> {
    let (account, permissions) = (user.account(), user.permissions(now_micros()));
    if state.venue.read().accounts.permissions(account) != Some(permissions) {
        state.sequencer.submit(Command::SetPermissions(SetPermissions { account, permissions }))?.await?;
    }
    Ok(())
}

/// The generated passwords, as they lie in their file: lines that a shell can read.
struct Passwords {
    path: PathBuf,
    all: Vec<(&'static Person, String)>,
    new: bool,
}

impl Passwords {
    /// Reads the file, or makes it. It is written before the accounts are, so that no account has a lost password.
    fn ensure(path: &Path) -> Result<Self, Failure> {
        let people: [&'static Person; 3] = [&ADMIN, &MAKER, &BUYER];
        let context = path.display();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let find = |person: &'static Person| {
                    let start = format!("{}_PASSWORD=", person.name);
                    let line = text.lines().find_map(|line| line.strip_prefix(&start))?;
                    Some((person, line.trim_matches('\'').to_owned()))
                };
                let all: Option<Vec<_>> = people.into_iter().map(find).collect();
                let all = all.ok_or_else(|| {
                    Failure::message(
                        Code::DataFolder,
                        format_args!("{context} lacks a password; it was changed by hand"),
                    )
                })?;
                Ok(Self { path: path.to_owned(), all, new: false })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let all: Vec<_> = people.into_iter().map(|person| (person, generate_password())).collect();
                write(path, &all).or_exit(Code::DataFolder, context)?;
                Ok(Self { path: path.to_owned(), all, new: true })
            }
            Err(error) => Err(error).or_exit(Code::DataFolder, context),
        }
    }

    fn of(&self, person: &Person) -> String {
        let found = self.all.iter().find(|(other, _)| other.name == person.name);
        found.map(|(_, password)| password.clone()).expect("each person has one")
    }
}

fn write(path: &Path, all: &[(&Person, String)]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "# Demonstration accounts of this data folder. A shell can read this file: . {FILE}")?;
    writeln!(file, "# Their money is play money; the market maker's prices are made up.")?;
    for (person, password) in all {
        writeln!(file, "{}_EMAIL={}", person.name, person.email)?;
        writeln!(file, "{}_PASSWORD='{password}'", person.name)?;
    }
    file.sync_all()
}

/// Four groups of letters and a digit: 78 bits, and what the password rules want.
pub fn generate_password() -> String {
    let mut rng = rand::rng();
    let mut letter = || char::from(LETTERS[rng.random_range(0..LETTERS.len())]);
    let mut text = String::new();
    for group in 0..4 {
        if group > 0 {
            text.push('-');
        }
        text.extend((0..4).map(|_| letter()));
    }
    text[..1].make_ascii_uppercase();
    text.push(char::from(b'2' + rng.random_range(0..8)));
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn passwords_satisfy_the_rules_and_differ() {
        let all: Vec<String> = (0..50).map(|_| generate_password()).collect();
        for password in &all {
            assert_eq!(cx_identity::policy::password_faults("password", password), [], "{password}");
        }
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn passwords_are_kept_privately_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = Passwords::ensure(&path).unwrap();
        assert!(first.new);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Passwords::ensure(&path).unwrap();
        assert!(!again.new);
        assert_eq!(again.of(&BUYER), first.of(&BUYER));
        assert_ne!(first.of(&BUYER), first.of(&MAKER));
        std::fs::write(&path, "BUYER_PASSWORD='x'\n").unwrap();
        assert!(Passwords::ensure(&path).is_err(), "a file without all passwords is not guessed at");
    }
}
