//! Money in and out: `/api/wallet` and `/api/transactions`.
//!
//! A transaction is a row first, and its number is the reference of the core's movement. The core lets each reference take
//! effect once, so handing a transaction over again (a repeated request, a restart) cannot count it twice.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cx_engine::Command;
use cx_engine::command::{AssetClass, Movement};
use cx_engine::event::{AssetAdded, Event};
use cx_engine::reject::Reject;
use cx_engine::units::Amount;
use cx_identity::{Permission, User, UserStatus, policy};
use cx_store::StoreError;
use cx_store::wallet::{NewTransaction, Transaction, TransactionKind, TransactionStatus};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::trading::desk;
use super::trading::shapes::of_micros;
use super::users::word;
use crate::auth::CurrentUser;
use crate::idempotency::{IdempotencyHeader, once};
use crate::json::{Body, Input, Params, Segment};
use crate::number::Number;
use crate::page::{PageMeta, PageParams};
use crate::problem::{Code, Problem, ProblemBody};
use crate::standing;
use crate::state::AppState;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(deposit))
        .routes(routes!(withdraw))
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(approve))
        .routes(routes!(reject))
}

const TEXT_CHARS_MAX: usize = 200;

#[derive(Deserialize, ToSchema)]
struct DepositBody {
    /// Whose account: the user's number or uuid.
    #[schema(value_type = String)]
    user_id: UserName,
    /// `USD`.
    currency: String,
    /// Above zero, at most four decimal places.
    amount: Number,
    /// What the bank calls it.
    reference: String,
}

impl Input for DepositBody {
    const REQUIRED: &'static [&'static str] = &["user_id", "currency", "amount", "reference"];
}

#[derive(Deserialize, ToSchema)]
struct WithdrawalBody {
    /// `USD`.
    currency: String,
    /// Above zero, at most four decimal places.
    amount: Number,
    /// Where it goes: an IBAN, say.
    destination: String,
}

impl Input for WithdrawalBody {
    const REQUIRED: &'static [&'static str] = &["currency", "amount", "destination"];
}

#[derive(Deserialize, ToSchema)]
struct ReasonBody {
    reason: String,
}

impl Input for ReasonBody {
    const REQUIRED: &'static [&'static str] = &["reason"];
}

/// A user's number, as a JSON number or text, or uuid.
struct UserName(String);

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            serde_json::Value::String(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("must be a user's number or uuid")),
        }
    }
}

/// A deposit or withdrawal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transaction)]
struct TransactionBody {
    id: i64,
    uuid: String,
    transaction_id: String,
    transaction_type: &'static str,
    status: &'static str,
    user_id: i64,
    currency: String,
    amount: Number,
    reference: Option<String>,
    destination: Option<String>,
    /// Why it failed or was cancelled.
    reason: Option<String>,
    created_by: i64,
    approved_by: Option<i64>,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct TransactionAnswer {
    message: &'static str,
    transaction: TransactionBody,
}

#[derive(Serialize, ToSchema)]
struct TransactionList {
    transactions: Vec<TransactionBody>,
    #[serde(flatten)]
    page: PageMeta,
}

fn body_of(state: &AppState, transaction: &Transaction) -> Result<TransactionBody, Problem> {
    let asset = state.venue.read().market.listings().asset(transaction.asset).copied();
    let asset = asset.ok_or_else(|| Problem::internal(&format!("{:?} is not listed", transaction.asset)))?;
    let public = transaction.public_id();
    Ok(TransactionBody {
        id: transaction.id,
        uuid: public.uuid().to_string(),
        transaction_id: public.to_string(),
        transaction_type: transaction.kind.code(),
        status: transaction.status.code(),
        user_id: i64::from(transaction.account.get()),
        currency: asset.code.as_str().to_owned(),
        amount: Number::cash(transaction.amount, asset.scale),
        reference: transaction.reference.clone(),
        destination: transaction.destination.clone(),
        reason: transaction.reason.clone(),
        created_by: i64::from(transaction.created_by.get()),
        approved_by: transaction.approved_by.map(|by| i64::from(by.get())),
        created_at: of_micros(transaction.created_at),
        updated_at: of_micros(transaction.updated_at),
    })
}

fn answer(state: &AppState, transaction: &Transaction) -> Result<TransactionAnswer, Problem> {
    let message = match (transaction.kind, transaction.status) {
        (TransactionKind::Deposit, TransactionStatus::Completed) => "Deposit credited",
        (TransactionKind::Withdrawal, TransactionStatus::Completed) => "Withdrawal paid out",
        (_, TransactionStatus::Pending) => "Waits for approval",
        (_, TransactionStatus::Processing) => "On its way",
        (_, TransactionStatus::Failed) => "Refused by the exchange",
        (_, TransactionStatus::Cancelled) => "Cancelled",
    };
    Ok(TransactionAnswer { message, transaction: body_of(state, transaction)? })
}

/// The currency by its code, and the amount in its minor units.
fn cash(state: &AppState, currency: &str, amount: Number) -> Result<(AssetAdded, Amount), Problem> {
    let asset = state.venue.read().market.listings().asset_by_code(currency).copied();
    let asset = asset.filter(|asset| asset.class == AssetClass::Cash);
    let asset = asset.ok_or_else(|| Problem::invalid("currency", format!("currency {currency:?} is not known")))?;
    let amount = amount.to_positive_minor(asset.scale).map_err(|error| error.on("amount"))?;
    Ok((asset, amount))
}

fn text(field: &'static str, text: &str) -> Result<String, Problem> {
    let bad = |fault: cx_identity::Fault| Problem::invalid(fault.field, fault.message);
    let text = policy::free_text(field, text, TEXT_CHARS_MAX).map_err(bad)?;
    if text.is_empty() { Err(Problem::invalid(field, format!("{field} must not be empty"))) } else { Ok(text) }
}

/// Records money that has come in and credits it. Above the configured amount somebody else must approve it first.
#[utoipa::path(
    post,
    path = "/wallet/deposits",
    tag = "wallet",
    params(("Idempotency-Key" = String, Header, description = "Names this deposit: the same key and body count once.")),
    request_body = DepositBody,
    responses(
        (status = 201, description = "Credited, or waiting for approval.", body = TransactionAnswer),
        (status = 400, description = "A field is missing or not valid, or there is no Idempotency-Key.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
        (status = 404, description = "No such user.", body = ProblemBody),
        (status = 409, description = "The key was used with another body, or the account is closed.", body = ProblemBody),
    ),
)]
async fn deposit(
    State(state): State<AppState>,
    current: CurrentUser,
    header: IdempotencyHeader,
    body: Body,
) -> Result<Response, Problem> {
    current.require(Permission::RecordDeposits)?;
    let key = header.required(current.account, "POST /api/wallet/deposits", &body)?;
    let input: DepositBody = body.read()?;
    let user = holder(&state, &input.user_id).await?;
    let (asset, amount) = cash(&state, &input.currency, input.amount)?;
    let new = NewTransaction {
        account: user.account(),
        kind: TransactionKind::Deposit,
        asset: asset.asset,
        amount,
        reference: Some(text("reference", &input.reference)?),
        destination: None,
        created_by: current.account,
        needs_approval: needs_approval(&state, amount, asset.scale),
    };
    let created = state.store.transactions().create(&new, Some(&key)).await?;
    once(&state, Some(&key), created, async |transaction| {
        let transaction = match transaction.status {
            TransactionStatus::Processing => settle(&state, transaction).await?,
            TransactionStatus::Failed => return Err(refused_before(&transaction)),
            _ => transaction,
        };
        Ok((StatusCode::CREATED, answer(&state, &transaction)?))
    })
    .await
}

/// The refusal that a transaction ended with.
fn refused_before(transaction: &Transaction) -> Problem {
    let reason = transaction.reason.as_deref().and_then(Reject::from_code);
    reason.map_or_else(|| Problem::new(Code::Conflict).detail("The transaction failed."), desk::refusal)
}

/// A user who can hold money.
async fn holder(state: &AppState, name: &UserName) -> Result<User, Problem> {
    let user = state.identity.user_by_name(&name.0).await?;
    if !user.role.may(Permission::Trade) {
        return Err(Problem::invalid("user_id", "user_id names staff, who hold no account"));
    }
    if user.status == UserStatus::Closed {
        return Err(Problem::new(Code::Conflict).detail("The account is closed."));
    }
    Ok(user)
}

fn needs_approval(state: &AppState, amount: Amount, scale: u8) -> bool {
    let most = state.settings.four_eyes_above;
    most.is_some_and(|most| Number::from_minor(amount, scale) > most)
}

/// Hands a transaction to the core and waits until its effect is durable. The answer is the transaction as it ends; its row
/// follows when the event reaches the database.
async fn settle(state: &AppState, mut transaction: Transaction) -> Result<Transaction, Problem> {
    let Transaction { account, asset, amount, kind, .. } = transaction;
    let known = state.venue.read().accounts.permissions(account).is_some();
    if !known {
        // Money may come in before the identity check is done: the account opens without any permission.
        standing::follow(state, i64::from(account.get())).await?;
    }
    let movement = Movement { account, asset, amount, reference: transaction.movement_reference() };
    let command = match kind {
        TransactionKind::Deposit => Command::Deposit(movement),
        TransactionKind::Withdrawal => Command::Withdraw(movement),
    };
    let reply = desk::answer(desk::submit(state, command)?).await?;
    match reply.own().first() {
        Some(Event::Deposited(_) | Event::Withdrawn(_)) => {
            transaction.status = TransactionStatus::Completed;
            transaction.seq = Some(reply.seq);
            Ok(transaction)
        }
        // It took effect the first time.
        Some(Event::CommandRejected(refused)) if refused.reason == Reject::DuplicateReference => {
            transaction.status = TransactionStatus::Completed;
            Ok(transaction)
        }
        Some(Event::CommandRejected(refused)) => Err(desk::refusal(refused.reason)),
        other => Err(Problem::internal(&format!("a movement was answered with {other:?}"))),
    }
}

/// Asks for money to be paid out. Staff must approve it.
#[utoipa::path(
    post,
    path = "/wallet/withdrawals",
    tag = "wallet",
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this withdrawal: the same key and body count once.")),
    request_body = WithdrawalBody,
    responses(
        (status = 202, description = "Waits for approval.", body = TransactionAnswer),
        (status = 400, description = "A field is missing or not valid, or there is not so much available.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Staff, or not verified yet.", body = ProblemBody),
        (status = 409, description = "The key was used with another body.", body = ProblemBody),
    ),
)]
async fn withdraw(
    State(state): State<AppState>,
    current: CurrentUser,
    header: IdempotencyHeader,
    body: Body,
) -> Result<Response, Problem> {
    current.require(Permission::Withdraw)?;
    if !current.may_withdraw() {
        return Err(Problem::new(Code::KycRequired));
    }
    let key = header.optional(current.account, "POST /api/wallet/withdrawals", &body)?;
    let input: WithdrawalBody = body.read()?;
    let (asset, amount) = cash(&state, &input.currency, input.amount)?;
    let destination = text("destination", &input.destination)?;
    let new = NewTransaction {
        account: current.account,
        kind: TransactionKind::Withdrawal,
        asset: asset.asset,
        amount,
        reference: None,
        destination: Some(destination),
        created_by: current.account,
        needs_approval: true,
    };
    let created = state.store.transactions().create(&new, key.as_ref()).await?;
    once(&state, key.as_ref(), created, async |transaction| {
        let available = state.venue.read().accounts.balance(current.account, asset.asset).available;
        if transaction.status == TransactionStatus::Pending && available < amount {
            let short = Reject::InsufficientFunds;
            state.store.transactions().cancel(transaction.id, short.code()).await?;
            return Err(desk::refusal(short).field("amount", "amount is more than is available"));
        }
        Ok((StatusCode::ACCEPTED, answer(&state, &transaction)?))
    })
    .await
}

#[derive(Debug, Default, Deserialize)]
struct TransactionQuery {
    status: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    user_id: Option<i64>,
}

/// Lists transactions, newest first: one's own; staff see everybody's.
#[utoipa::path(
    get,
    path = "/transactions",
    tag = "wallet",
    params(
        PageParams,
        ("status" = Option<String>, Query, description = "Only those that stand so."),
        ("type" = Option<String>, Query, description = "`deposit` or `withdrawal`."),
        ("user_id" = Option<i64>, Query, description = "Only of this user (staff)."),
    ),
    responses(
        (status = 200, description = "A page of transactions.", body = TransactionList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn list(
    State(state): State<AppState>,
    current: CurrentUser,
    params: Params,
) -> Result<Answer<TransactionList>, Problem> {
    let request = PageParams::read(&params)?;
    let query: TransactionQuery = params.read()?;
    let kind = word("type", query.kind.as_deref(), TransactionKind::from_code)?;
    let status = word("status", query.status.as_deref(), TransactionStatus::from_code)?;
    let account = if current.require(Permission::ReadTransactions).is_err() {
        Some(current.account)
    } else if let Some(id) = query.user_id {
        Some(state.identity.user(id).await?.account())
    } else {
        None
    };
    let page = state.store.transactions().page(account, kind, status, request).await?;
    let transactions = page.items.iter().map(|item| body_of(&state, item)).collect::<Result<_, _>>()?;
    Ok(Answer(TransactionList { transactions, page: PageMeta::from(&page) }))
}

#[derive(Serialize, ToSchema)]
struct OneTransaction {
    transaction: TransactionBody,
}

/// Shows a transaction: one's own, or anybody's for staff.
#[utoipa::path(
    get,
    path = "/transactions/{id}",
    tag = "wallet",
    params(("id" = String, Path, description = "`TXN-...` or number.")),
    responses(
        (status = 200, description = "The transaction.", body = OneTransaction),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 404, description = "No such transaction, or not yours.", body = ProblemBody),
    ),
)]
async fn show(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
) -> Result<Answer<OneTransaction>, Problem> {
    let found = state.store.transactions().by_id(&id).await?;
    let may = found.account == current.account || current.require(Permission::ReadTransactions).is_ok();
    if !may {
        return Err(Problem::not_found("transaction"));
    }
    Ok(Answer(OneTransaction { transaction: body_of(&state, &found)? }))
}

/// Approves a waiting transaction and carries it out. Nobody approves what they made or what is for themselves.
#[utoipa::path(
    post,
    path = "/transactions/{id}/approve",
    tag = "wallet",
    params(("id" = String, Path, description = "`TXN-...` or number.")),
    responses(
        (status = 200, description = "Carried out.", body = TransactionAnswer),
        (status = 400, description = "The core refused, such as for want of funds.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role, or made by oneself.", body = ProblemBody),
        (status = 404, description = "No such transaction.", body = ProblemBody),
        (status = 409, description = "It does not wait.", body = ProblemBody),
    ),
)]
async fn approve(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
) -> Result<Answer<TransactionAnswer>, Problem> {
    current.require(Permission::ApproveTransactions)?;
    let found = state.store.transactions().by_id(&id).await?;
    let approved = match state.store.transactions().approve(found.id, current.account).await {
        Ok(approved) => approved,
        // Approved before, and the core was not reached then: its reference lets it take effect once.
        Err(StoreError::WrongState { .. }) if found.status == TransactionStatus::Processing => found,
        Err(error) => return Err(error.into()),
    };
    let settled = settle(&state, approved).await?;
    Ok(Answer(answer(&state, &settled)?))
}

/// Turns a waiting transaction down.
#[utoipa::path(
    post,
    path = "/transactions/{id}/reject",
    tag = "wallet",
    params(("id" = String, Path, description = "`TXN-...` or number.")),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "Cancelled.", body = TransactionAnswer),
        (status = 400, description = "The reason is missing.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
        (status = 404, description = "No such transaction.", body = ProblemBody),
        (status = 409, description = "It does not wait.", body = ProblemBody),
    ),
)]
async fn reject(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<TransactionAnswer>, Problem> {
    current.require(Permission::ApproveTransactions)?;
    let found = state.store.transactions().by_id(&id).await?;
    let reason = text("reason", &body.read::<ReasonBody>()?.reason)?;
    let cancelled = state.store.transactions().cancel(found.id, &reason).await?;
    Ok(Answer(answer(&state, &cancelled)?))
}

/// Hands transactions over again that were on their way when the process ended. The server calls it after
/// [`standing::reconcile`]. Answers how many.
pub async fn resume(state: &AppState) -> Result<usize, Problem> {
    let interrupted = state.store.transactions().processing().await?;
    let count = interrupted.len();
    for transaction in interrupted {
        let id = transaction.id;
        match settle(state, transaction).await {
            Ok(_) => {}
            // The core's word is final, and the row will say so.
            Err(problem) if matches!(problem.code(), Code::Rejected(_)) => {
                tracing::warn!(
                    transaction = id,
                    code = problem.code().as_str(),
                    "an interrupted transaction was refused"
                );
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(count)
}
