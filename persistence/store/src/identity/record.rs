//! A user as a row: who it is and where the identity check stands.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::StoreError;

/// A user, with where the identity check stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the columns of `users` and `kyc`, by their names
pub struct UserRecord {
    pub id: i64,
    pub uuid: String,
    pub email: String,
    pub email_verified_at: Option<i64>,
    pub password_hash: String,
    pub first_name: String,
    pub last_name: String,
    pub phone_number: Option<String>,
    pub role: String,
    pub status: String,
    pub status_reason: Option<String>,
    pub status_until: Option<i64>,
    pub risk_level: String,
    pub risk_score: Option<i64>,
    pub mfa_enabled: bool,
    pub failed_logins: i64,
    pub locked_until: Option<i64>,
    pub last_login_at: Option<i64>,
    pub last_login_ip: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub kyc_status: String,
    pub kyc_level: i64,
    pub kyc_expires_at: Option<i64>,
}

pub(super) const SELECT: &str = "SELECT u.id, u.uuid, u.email, u.email_verified_at, u.password_hash, u.first_name, u.last_name, \
    u.phone_number, u.role, u.status, u.status_reason, u.status_until, u.risk_level, u.risk_score, u.mfa_enabled, \
    u.failed_logins, u.locked_until, u.last_login_at, u.last_login_ip, u.created_at, u.updated_at, \
    k.status AS kyc_status, k.level AS kyc_level, k.expires_at AS kyc_expires_at \
    FROM users u JOIN kyc k ON k.user_id = u.id ";

pub(super) fn read_user(row: &AnyRow) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        id: row.try_get("id")?,
        uuid: row.try_get("uuid")?,
        email: row.try_get("email")?,
        email_verified_at: row.try_get("email_verified_at")?,
        password_hash: row.try_get("password_hash")?,
        first_name: row.try_get("first_name")?,
        last_name: row.try_get("last_name")?,
        phone_number: row.try_get("phone_number")?,
        role: row.try_get("role")?,
        status: row.try_get("status")?,
        status_reason: row.try_get("status_reason")?,
        status_until: row.try_get("status_until")?,
        risk_level: row.try_get("risk_level")?,
        risk_score: row.try_get("risk_score")?,
        mfa_enabled: row.try_get::<i64, _>("mfa_enabled")? != 0,
        failed_logins: row.try_get("failed_logins")?,
        locked_until: row.try_get("locked_until")?,
        last_login_at: row.try_get("last_login_at")?,
        last_login_ip: row.try_get("last_login_ip")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        kyc_status: row.try_get("kyc_status")?,
        kyc_level: row.try_get("kyc_level")?,
        kyc_expires_at: row.try_get("kyc_expires_at")?,
    })
}

/// Reads a user inside a transaction.
pub(crate) async fn user_in(tx: &mut AnyConnection, id: i64) -> Result<UserRecord, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE u.id = $1"))).bind(id).fetch_optional(tx).await?;
    row.as_ref().map(read_user).transpose()?.ok_or(StoreError::NotFound("user"))
}
