//! Where users stand, for the compliance pages.

use cx_engine::ids::AccountId;
use cx_store::identity::Users;
use cx_store::{Store, StoreError, clock};

/// Where one user stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserStanding {
    /// The user's number, which is that of the account.
    pub user_id: i64,
    /// The user's address.
    pub email: String,
    /// Where the identity check stands.
    pub kyc_status: String,
    /// Whether it is approved and has not expired.
    pub is_kyc_approved: bool,
    /// The user's risk.
    pub risk_level: String,
    /// Whether the exchange lets the account trade. This is what the journal says, not what the user's standing would allow.
    pub trading_enabled: bool,
}

/// Where a user stands; [`StoreError::NotFound`] when there is none of this number.
pub async fn standing_of(store: &Store, user_id: i64) -> Result<UserStanding, StoreError> {
    let user = Users::new(store.clone()).by_id(user_id).await?.ok_or(StoreError::NotFound("user"))?;
    let permitted = match u32::try_from(user_id) {
        Ok(account) => store.permissions().now(AccountId::new(account)).await?,
        Err(_) => None,
    };
    let expired = user.kyc_expires_at.is_some_and(|expires_at| expires_at <= clock::now_micros());
    Ok(UserStanding {
        user_id,
        email: user.email,
        is_kyc_approved: user.kyc_status == "approved" && !expired,
        kyc_status: user.kyc_status,
        risk_level: user.risk_level,
        trading_enabled: permitted.is_some_and(|row| row.permitted.trade),
    })
}

/// Money-laundering prevention at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmlSummary {
    /// All users.
    pub total_users: u64,
    /// Whose identity check is approved and has not expired.
    pub kyc_approved_users: u64,
    /// Whose identity check waits for review.
    pub kyc_waiting_users: u64,
    /// Whose risk is high or worse.
    pub high_risk_users: u64,
    /// Who are suspended, under review or locked.
    pub held_users: u64,
    /// When this was read, in microseconds since the epoch.
    pub generated_at: i64,
}

impl AmlSummary {
    /// Approved users in all users, in parts per million; 0 without users.
    pub const fn approval_rate_ppm(&self) -> u64 {
        match (self.kyc_approved_users * 1_000_000).checked_div(self.total_users) {
            Some(rate) => rate,
            None => 0,
        }
    }
}

/// Counts users by where they stand.
pub async fn aml_summary(store: &Store) -> Result<AmlSummary, StoreError> {
    let generated_at = clock::now_micros();
    let standings = store.permissions().standings(generated_at).await?;
    Ok(AmlSummary {
        total_users: standings.users,
        kyc_approved_users: standings.approved,
        kyc_waiting_users: standings.waiting,
        high_risk_users: standings.risky,
        held_users: standings.held,
        generated_at,
    })
}
