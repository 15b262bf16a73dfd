//! Wallet transactions: requests to bring cash in or take it out, from the asking to the core's answer.
//!
//! `pending` waits for a second pair of eyes, `processing` has been or is about to be handed to the core, and the sink ends
//! it as `completed` or `failed` when the core's event names it by its number. That number is the movement's reference, and the
//! core lets each reference take effect once: so a request that is handed over again after a crash cannot count twice.

use cx_engine::ids::{AccountId, AssetId, Seq};
use cx_engine::units::Amount;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::clock::now_micros;
use crate::columns::{unsigned, unsigned_option, word};
use crate::idempotency::{Answer, Claim, IdempotencyKey, claim, set_subject};
use crate::{Page, PageRequest, PublicId, PublicIdKind, Store, StoreError};

const TABLE: &str = "transactions";

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// The word that clients see and the table holds.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Finds the value by its word.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// Which way.
    TransactionKind {
        /// Comes in.
        Deposit = "deposit";
        /// Goes out.
        Withdrawal = "withdrawal";
    }
}

words! {
    /// How far it is.
    TransactionStatus {
        /// Waits for approval.
        Pending = "pending";
        /// On its way to the core.
        Processing = "processing";
        /// The core has moved the amount.
        Completed = "completed";
        /// The core refused.
        Failed = "failed";
        /// Given up before it reached the core.
        Cancelled = "cancelled";
    }
}

/// A request that is about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTransaction {
    /// Whose balance.
    pub account: AccountId,
    /// Which way.
    pub kind: TransactionKind,
    /// Of which asset.
    pub asset: AssetId,
    /// How much, above zero.
    pub amount: Amount,
    /// What the bank or the client calls it.
    pub reference: Option<String>,
    /// Where a withdrawal goes.
    pub destination: Option<String>,
    /// Who asked.
    pub created_by: AccountId,
    /// Whether somebody else must approve it first.
    pub needs_approval: bool,
}

/// A stored request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its number: the reference of the core's movement, and the number in its public id.
    pub id: i64,
    /// Whose balance.
    pub account: AccountId,
    /// Which way.
    pub kind: TransactionKind,
    /// How far it is.
    pub status: TransactionStatus,
    /// Of which asset.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
    /// What the bank or the client calls it.
    pub reference: Option<String>,
    /// Where a withdrawal goes.
    pub destination: Option<String>,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// Who asked.
    pub created_by: AccountId,
    /// Who approved.
    pub approved_by: Option<AccountId>,
    /// When it was asked for, in microseconds since the epoch.
    pub created_at: i64,
    /// When it last changed, in microseconds since the epoch.
    pub updated_at: i64,
    /// The command that ended it.
    pub seq: Option<Seq>,
}

impl Transaction {
    /// Its public id.
    pub fn public_id(&self) -> PublicId {
        PublicId::from_micros(PublicIdKind::Transaction, self.created_at, self.id.unsigned_abs())
    }

    /// The reference of its movement in the core.
    pub const fn movement_reference(&self) -> u64 {
        self.id.unsigned_abs()
    }
}

/// What became of [`Transactions::create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It was stored.
    New(Transaction),
    /// The same request stored it before and has no answer yet: go on with this one.
    Again(Transaction),
    /// The same request was answered before: answer the same.
    Answered(Answer),
    /// The key was used with another body.
    OtherBody,
}

/// Makes, moves and finds wallet transactions.
#[derive(Debug, Clone, Copy)]
pub struct Transactions<'a>(&'a Store);

impl Store {
    /// Wallet transactions.
    pub const fn transactions(&self) -> Transactions<'_> {
        Transactions(self)
    }
}

macro_rules! columns {
    () => {
        "id, account, type, status, asset, amount, reference, destination, reason, created_by, approved_by, created_at, \
         updated_at, seq"
    };
}

impl Transactions<'_> {
    /// Stores a request, once for each key.
    pub async fn create(self, new: &NewTransaction, key: Option<&IdempotencyKey>) -> Result<Created, StoreError> {
        let mut tx = self.0.begin().await?;
        if let Some(key) = key {
            match claim(&mut tx, key).await? {
                Claim::New => {}
                Claim::Answered(answer) => return Ok(Created::Answered(answer)),
                Claim::OtherBody => return Ok(Created::OtherBody),
                Claim::Unanswered { subject: Some(id) } => return Ok(Created::Again(find(&mut tx, id).await?)),
                // Cannot be: a claim and its transaction are stored together.
                Claim::Unanswered { subject: None } => return Err(StoreError::NotFound("transaction")),
            }
        }
        let stored = insert(&mut tx, new).await?;
        if let Some(key) = key {
            set_subject(&mut tx, key, stored.id).await?;
        }
        tx.commit().await?;
        Ok(Created::New(stored))
    }

    /// Approves a waiting request: it becomes `processing`, and the caller hands it to the core. Of concurrent approvals one
    /// succeeds. Refuses the approver's own requests ([`StoreError::FourEyes`]) and those that do not wait.
    pub async fn approve(self, id: i64, approver: AccountId) -> Result<Transaction, StoreError> {
        let mut tx = self.0.begin().await?;
        let done = sqlx::query(
            "UPDATE transactions SET status = 'processing', approved_by = $1, updated_at = $2 \
             WHERE id = $3 AND status = 'pending' AND created_by <> $1 AND account <> $1",
        )
        .bind(i64::from(approver.get()))
        .bind(now_micros())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let found = find(&mut tx, id).await?;
        if done.rows_affected() == 1 {
            tx.commit().await?;
            return Ok(found);
        }
        if found.status == TransactionStatus::Pending {
            return Err(StoreError::FourEyes("transaction"));
        }
        Err(StoreError::WrongState { what: "transaction", status: found.status.code().to_owned() })
    }

    /// Gives up a request that still waits.
    pub async fn cancel(self, id: i64, reason: &str) -> Result<Transaction, StoreError> {
        let mut tx = self.0.begin().await?;
        let cancelled = sqlx::query(
            "UPDATE transactions SET status = 'cancelled', reason = $1, updated_at = $2 WHERE id = $3 AND status = 'pending'",
        )
        .bind(reason)
        .bind(now_micros())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let found = find(&mut tx, id).await?;
        if cancelled.rows_affected() == 0 {
            return Err(StoreError::WrongState { what: "transaction", status: found.status.code().to_owned() });
        }
        tx.commit().await?;
        Ok(found)
    }

    /// The transaction of this number, whoever's.
    pub async fn get(self, id: i64) -> Result<Transaction, StoreError> {
        let row = sqlx::query(concat!("SELECT ", columns!(), " FROM transactions WHERE id = $1"))
            .bind(id)
            .fetch_optional(self.0.pool())
            .await?;
        transaction(&row.ok_or(StoreError::NotFound(TRANSACTION))?)
    }

    /// The transaction of this public id (`TXN-...`) or plain number, whoever's.
    pub async fn by_id(self, id: &str) -> Result<Transaction, StoreError> {
        let public = PublicId::parse(PublicIdKind::Transaction, id);
        let number = public.map(PublicId::number).or_else(|| id.parse().ok());
        let number = number.and_then(|number| i64::try_from(number).ok()).ok_or(StoreError::NotFound(TRANSACTION))?;
        let found = self.get(number).await?;
        let named = public.is_none_or(|public| public == found.public_id());
        if named { Ok(found) } else { Err(StoreError::NotFound(TRANSACTION)) }
    }

    /// An account's transactions (`None`: everybody's, for staff), newest first.
    pub async fn page(
        self,
        account: Option<AccountId>,
        kind: Option<TransactionKind>,
        status: Option<TransactionStatus>,
        page: PageRequest,
    ) -> Result<Page<Transaction>, StoreError> {
        let account = account.map(|account| i64::from(account.get()));
        let (kind, status) = (kind.map(TransactionKind::code), status.map(TransactionStatus::code));
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM transactions WHERE ($1 IS NULL OR account = $1) AND ($2 IS NULL OR type = $2) \
             AND ($3 IS NULL OR status = $3) ORDER BY id DESC LIMIT $4 OFFSET $5"
        ))
        .bind(account)
        .bind(kind)
        .bind(status)
        .bind(page.limit())
        .bind(page.offset())
        .fetch_all(self.0.pool())
        .await?;
        let count = sqlx::query(
            "SELECT COUNT(*) AS total FROM transactions WHERE ($1 IS NULL OR account = $1) \
             AND ($2 IS NULL OR type = $2) AND ($3 IS NULL OR status = $3)",
        )
        .bind(account)
        .bind(kind)
        .bind(status)
        .fetch_one(self.0.pool())
        .await?;
        let items = rows.iter().map(transaction).collect::<Result<_, _>>()?;
        Ok(Page { items, total: unsigned(&count, TABLE, "total")?, request: page })
    }

    /// The requests that were on their way to the core, oldest first: what a restart hands over again.
    pub async fn processing(self) -> Result<Vec<Transaction>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM transactions WHERE status = 'processing' AND status IN ('pending', 'processing') ORDER BY id"
        ))
        .fetch_all(self.0.pool())
        .await?;
        rows.iter().map(transaction).collect()
    }
}

const TRANSACTION: &str = "transaction";

async fn insert(connection: &mut AnyConnection, new: &NewTransaction) -> Result<Transaction, StoreError> {
    let status = if new.needs_approval { TransactionStatus::Pending } else { TransactionStatus::Processing };
    let row = sqlx::query(concat!(
        "INSERT INTO transactions (account, type, status, asset, amount, reference, destination, created_by, created_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING ",
        columns!()
    ))
    .bind(i64::from(new.account.get()))
    .bind(new.kind.code())
    .bind(status.code())
    .bind(i64::from(new.asset.get()))
    .bind(new.amount.minor())
    .bind(new.reference.as_deref())
    .bind(new.destination.as_deref())
    .bind(i64::from(new.created_by.get()))
    .bind(now_micros())
    .fetch_one(connection)
    .await?;
    transaction(&row)
}

async fn find(connection: &mut AnyConnection, id: i64) -> Result<Transaction, StoreError> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM transactions WHERE id = $1"))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    transaction(&row.ok_or(StoreError::NotFound(TRANSACTION))?)
}

fn transaction(row: &AnyRow) -> Result<Transaction, StoreError> {
    Ok(Transaction {
        id: row.try_get("id")?,
        account: AccountId::new(unsigned(row, TABLE, "account")?),
        kind: word(row, TABLE, "type", TransactionKind::from_code)?,
        status: word(row, TABLE, "status", TransactionStatus::from_code)?,
        asset: AssetId::new(unsigned(row, TABLE, "asset")?),
        amount: Amount::from_minor(row.try_get("amount")?),
        reference: row.try_get("reference")?,
        destination: row.try_get("destination")?,
        reason: row.try_get("reason")?,
        created_by: AccountId::new(unsigned(row, TABLE, "created_by")?),
        approved_by: unsigned_option(row, TABLE, "approved_by")?.map(AccountId::new),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        seq: unsigned_option(row, TABLE, "seq")?.map(Seq::new),
    })
}
