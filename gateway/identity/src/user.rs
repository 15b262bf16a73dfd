//! A user as the rest of the house sees it: a row of the store with its words understood.

use cx_engine::command::Permissions;
use cx_engine::ids::AccountId;
use cx_store::StoreError;
use cx_store::identity::UserRecord;
use uuid::Uuid;

use crate::principal::permitted;
use crate::role::{KycStatus, RiskLevel, Role, UserStatus};

/// A user. Times are microseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the columns of the store, by their names
pub struct User {
    pub id: i64,
    pub uuid: Uuid,
    pub email: String,
    pub email_verified_at: Option<i64>,
    pub first_name: String,
    pub last_name: String,
    pub phone_number: Option<String>,
    pub role: Role,
    pub status: UserStatus,
    pub status_reason: Option<String>,
    pub status_until: Option<i64>,
    pub kyc_status: KycStatus,
    pub kyc_level: u8,
    pub kyc_expires_at: Option<i64>,
    pub risk_level: RiskLevel,
    pub risk_score: Option<i64>,
    pub mfa_enabled: bool,
    pub failed_logins: i64,
    pub locked_until: Option<i64>,
    pub last_login_at: Option<i64>,
    pub last_login_ip: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

pub(crate) fn corrupt(table: &'static str, column: &'static str, value: &(impl ToString + ?Sized)) -> StoreError {
    StoreError::Corrupt { table, column, value: value.to_string() }
}

/// The account in the core of the user with this row: the same number.
pub(crate) fn account(id: i64) -> Result<AccountId, StoreError> {
    u32::try_from(id).map(AccountId::new).map_err(|_| corrupt("users", "id", &id))
}

impl TryFrom<UserRecord> for User {
    type Error = StoreError;

    fn try_from(row: UserRecord) -> Result<Self, StoreError> {
        account(row.id)?;
        Ok(Self {
            id: row.id,
            uuid: row.uuid.parse().map_err(|_| corrupt("users", "uuid", &row.uuid))?,
            role: Role::parse(&row.role).ok_or_else(|| corrupt("users", "role", &row.role))?,
            status: UserStatus::parse(&row.status).ok_or_else(|| corrupt("users", "status", &row.status))?,
            kyc_status: KycStatus::parse(&row.kyc_status).ok_or_else(|| corrupt("kyc", "status", &row.kyc_status))?,
            kyc_level: u8::try_from(row.kyc_level).map_err(|_| corrupt("kyc", "level", &row.kyc_level))?,
            risk_level: RiskLevel::parse(&row.risk_level)
                .ok_or_else(|| corrupt("users", "risk_level", &row.risk_level))?,
            email: row.email,
            email_verified_at: row.email_verified_at,
            first_name: row.first_name,
            last_name: row.last_name,
            phone_number: row.phone_number,
            status_reason: row.status_reason,
            status_until: row.status_until,
            kyc_expires_at: row.kyc_expires_at,
            risk_score: row.risk_score,
            mfa_enabled: row.mfa_enabled,
            failed_logins: row.failed_logins,
            locked_until: row.locked_until,
            last_login_at: row.last_login_at,
            last_login_ip: row.last_login_ip,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl User {
    /// The user's account in the exchange core.
    pub fn account(&self) -> AccountId {
        account(self.id).expect("checked when it was read")
    }

    /// Given and family name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// Whether the identity check is approved and has not expired at `now`.
    pub fn is_kyc_approved(&self, now: i64) -> bool {
        approved(self.kyc_status, self.kyc_expires_at, now)
    }

    /// Whether the account is in order.
    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }

    /// Whether nobody can log in: by failed attempts or by staff.
    pub fn is_locked(&self, now: i64) -> bool {
        self.status == UserStatus::Locked || self.locked_until.is_some_and(|until| until > now)
    }

    /// What the core should permit the user's account at `now`.
    pub fn permissions(&self, now: i64) -> Permissions {
        permitted(self.role, self.status, self.is_kyc_approved(now))
    }
}

/// Whether an identity check counts at `now`.
pub(crate) fn approved(status: KycStatus, expires_at: Option<i64>, now: i64) -> bool {
    status == KycStatus::Approved && expires_at.is_none_or(|end| end > now)
}
