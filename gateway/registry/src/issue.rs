//! Issuing here: staff enter a block of serials, and the exchange credits its owner.
//!
//! Three steps, so that a crash between any two loses nothing and doubles nothing:
//! 1. [`open`] enters the block as pending, after all checks, in one transaction.
//! 2. The caller has the exchange do [`issue_command`]. The block's row number is the movement's reference, which takes
//!    effect once.
//! 3. The block becomes active ([`cx_store::registry::Credits::activate`]), or, when the exchange refuses, is given up
//!    ([`cx_store::registry::Credits::give_up`]): it goes back to its registry, or away if it was entered for this.
//!
//! A restart takes up what is pending at step 2.

use cx_engine::command::{Command, Movement};
use cx_engine::ids::{AccountId, AssetId};
use cx_engine::units::Amount;
use cx_store::idempotency::{Answer, Claim, IdempotencyKey};
use cx_store::registry::{Block, CreditRecord, LedgerTx, VintageRow};
use cx_store::{Store, StoreError};

use crate::export::check_serial;
use crate::facts::ProjectKey;
use crate::import::{KnownBlock, Part, block_part, known_block};
use crate::listing::Listing;
use crate::quantity::QUANTITY_MAX;
use crate::reason::Reason;
use crate::serial::{Serial, SerialError, SerialRange};
use crate::words::{BlockStatus, ProjectStatus, Registry};

/// A block that staff want to issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIssue {
    /// The project's row.
    pub project_id: i64,
    /// The block's serial.
    pub serial_number: String,
    /// The vintage.
    pub year: i32,
    /// How many tonnes; must be what the serial says.
    pub quantity: u64,
    /// Whose account is credited; `None` enters the block as it lies at its registry, with nobody here.
    pub owner_id: Option<i64>,
    /// Price, in units of 0.0001 of the currency.
    pub price: Option<u64>,
    /// The price's currency.
    pub price_currency: String,
    /// Who verified the reductions.
    pub verification_body: String,
    /// When, `YYYY-MM-DD`.
    pub verified_on: Option<String>,
    /// Whether additionality was examined.
    pub additionality: bool,
    /// Certifications and eligibilities.
    pub labels: Vec<String>,
    /// Who enters it.
    pub created_by: i64,
}

/// What became of the wish to issue a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The block is entered. It waits for the exchange, unless it has no owner.
    New(CreditRecord),
    /// The same request had entered it before, and was not answered.
    Again(CreditRecord),
    /// The same request was answered before.
    Answered(Answer),
    /// The idempotency key was used for another request.
    OtherBody,
}

/// Why a block cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The project does not exist.
    #[error("the project does not exist")]
    UnknownProject,
    /// The project has been withdrawn, rejected or terminated.
    #[error("the project is cancelled")]
    ProjectCancelled,
    /// The serial is damaged.
    #[error("the serial number {0}")]
    Serial(SerialError),
    /// The serial says something else than the rest.
    #[error("{0}")]
    Mismatch(Reason),
    /// Not a possible year.
    #[error("the vintage must lie between 1990 and 2200")]
    Year,
    /// Zero, or more than there can be.
    #[error("the quantity must be between 1 and 10^15 tonnes")]
    Quantity,
    /// Some of the numbers are in a block that is here already, used, or split differently.
    #[error("serial numbers {range} are in block {block}, which is {status}")]
    Taken {
        /// The numbers that are in both.
        range: SerialRange,
        /// The other block's row.
        block: i64,
        /// Where it stands.
        status: BlockStatus,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a block against its serial, its project and the ledger, and enters it as pending.
///
/// A part of a block that its registry publishes as issued and unused is cut out of it. Everything else that shares a
/// number with the new block refuses it. With an idempotency key the same request enters its block once.
pub async fn open(store: &Store, new: &NewIssue, request: Option<&IdempotencyKey>) -> Result<Opened, IssueError> {
    let project = store.projects().by_id(new.project_id).await?.ok_or(IssueError::UnknownProject)?;
    if project.content.status == ProjectStatus::Cancelled.as_str() {
        return Err(IssueError::ProjectCancelled);
    }
    if !(1990..=2200).contains(&new.year) {
        return Err(IssueError::Year);
    }
    if new.quantity == 0 || new.quantity > QUANTITY_MAX {
        return Err(IssueError::Quantity);
    }
    let registry = Registry::parse(&project.content.registry);
    let key = registry.and_then(|registry| ProjectKey::new(registry, &project.content.number));
    let key =
        key.ok_or(StoreError::Corrupt { table: "projects", column: "number", value: project.content.number.clone() })?;
    let serial = Serial::parse(&new.serial_number).map_err(IssueError::Serial)?;
    check_serial(&serial, new.quantity, &key, new.year).map_err(IssueError::Mismatch)?;
    // Verra's flag rules labels out when it is 0; when it is 1, staff need not know them all.
    if serial.certified() == Some(false) && !new.labels.is_empty() {
        return Err(IssueError::Mismatch(Reason::CertificationFlag { serial: false }));
    }
    let range = serial.range().or_else(|| SerialRange::new(1, new.quantity)).ok_or(IssueError::Quantity)?;
    let mut tx = store.begin_ledger().await?;
    if let Some(request) = request {
        match tx.claim_key(request).await? {
            Claim::New => {}
            Claim::Answered(answer) => return Ok(Opened::Answered(answer)),
            Claim::OtherBody => return Ok(Opened::OtherBody),
            Claim::Unanswered { subject } => {
                // A claim and its block are stored together. The block is gone when the exchange had refused it.
                let id = subject.ok_or(StoreError::NotFound("block"))?;
                return Ok(Opened::Again(tx.credit(id).await?));
            }
        }
    }
    let overlapping = tx.overlapping(key.registry().as_str(), &serial.scope(), range.first(), range.last()).await?;
    let overlapping: Vec<KnownBlock> =
        overlapping.into_iter().map(|row| known_block(key.registry(), row)).collect::<Result<_, _>>()?;
    let row = block(new, &key, &serial, range);
    let id = match overlapping.as_slice() {
        [] => enter(&mut tx, new, &serial, row).await?,
        [known] if new.owner_id.is_some() && can_claim(known, &key, new.year, &serial, range) => {
            claim(&mut tx, known, &serial, range, &row).await?
        }
        [known, ..] => {
            let range = known.range.common(range).unwrap_or(range);
            return Err(IssueError::Taken { range, block: known.id, status: known.status });
        }
    };
    if let Some(request) = request {
        tx.set_subject(request, id).await?;
    }
    let credit = tx.credit(id).await?;
    tx.commit().await?;
    Ok(Opened::New(credit))
}

/// The project and vintage of a block, by which the exchange names its asset and instrument.
pub fn listing_of(credit: &CreditRecord) -> Option<Listing> {
    let project = ProjectKey::new(Registry::parse(&credit.registry)?, &credit.number)?;
    Some(Listing { project, year: credit.year, available: credit.quantity })
}

/// What credits the owner of a pending block: `asset` is that of the block's project and vintage.
pub fn issue_command(credit: &CreditRecord, asset: AssetId) -> Option<Command> {
    let account = credit.owner_id.and_then(|owner| u32::try_from(owner).ok())?;
    Some(Command::Issue(Movement {
        account: AccountId::new(account),
        asset,
        amount: Amount::from_minor(i64::try_from(credit.quantity).ok()?),
        reference: u64::try_from(credit.id).ok()?,
    }))
}

/// Whether the wanted numbers lie in a block that is at its registry, issued and unused, of the same vintage.
fn can_claim(known: &KnownBlock, project: &ProjectKey, year: i32, serial: &Serial, range: SerialRange) -> bool {
    let splits = known.serial.range().is_some() || known.range == range;
    !known.held
        && known.status == BlockStatus::Active
        && (&known.project, known.year) == (project, year)
        && known.range.contains(range)
        && known.serial.batch() == serial.batch()
        && splits
}

/// Enters a block that nothing is known of.
async fn enter(tx: &mut LedgerTx, new: &NewIssue, serial: &Serial, row: Block) -> Result<i64, StoreError> {
    let (starts_on, ends_on) = serial.vintage_period().map(|(start, end)| (start.to_string(), end.to_string())).unzip();
    let vintage = VintageRow {
        project_id: new.project_id,
        year: new.year,
        starts_on: starts_on.as_deref(),
        ends_on: ends_on.as_deref(),
    };
    let vintage_id = tx.ensure_vintage(&vintage).await?;
    tx.add_block(&Block { vintage_id, starts_on, ends_on, ..row }).await
}

/// Cuts the numbers out of a block that is known from its registry, and hands them to the owner.
async fn claim(
    tx: &mut LedgerTx,
    known: &KnownBlock,
    serial: &Serial,
    range: SerialRange,
    row: &Block,
) -> Result<i64, StoreError> {
    let mut parts = Vec::with_capacity(3);
    if let Some(before) = range.first().checked_sub(1).and_then(|last| SerialRange::new(known.range.first(), last)) {
        parts.push(before);
    }
    let kept = parts.len();
    parts.push(range);
    if let Some(after) = SerialRange::new(range.last() + 1, known.range.last()) {
        parts.push(after);
    }
    if parts.len() > 1 {
        let parts: Vec<_> = parts
            .into_iter()
            .filter_map(|range| Some(Part { range, serial: serial.with_range(range)?, used: None }))
            .map(|part| block_part(&part))
            .collect();
        tx.split_block(known.id, &parts, kept).await?;
    }
    tx.claim_block(known.id, row).await?;
    Ok(known.id)
}

fn block(new: &NewIssue, project: &ProjectKey, serial: &Serial, range: SerialRange) -> Block {
    Block {
        registry: project.registry().as_str().to_owned(),
        scope: serial.scope(),
        serial_number: serial.to_string(),
        batch: serial.batch().to_owned(),
        first_number: range.first(),
        last_number: range.last(),
        status: if new.owner_id.is_some() { BlockStatus::Pending } else { BlockStatus::Active }.as_str().to_owned(),
        owner_id: new.owner_id,
        labels: new.labels.clone(),
        verification_body: new.verification_body.clone(),
        verified_on: new.verified_on.clone(),
        additionality: new.additionality,
        price: new.price,
        price_currency: new.price_currency.clone(),
        created_by: Some(new.created_by),
        ..Block::default()
    }
}
