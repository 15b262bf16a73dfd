//! Who stands behind a valid access token, as of now.

use cx_engine::command::Permissions;
use cx_engine::ids::AccountId;
use uuid::Uuid;

use crate::role::{Permission, Role, UserStatus};

/// Who stands behind a valid access token, as of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The user's row.
    pub id: i64,
    /// The user's public name.
    pub uuid: Uuid,
    /// The user's account in the exchange core.
    pub account: AccountId,
    /// What the user is.
    pub role: Role,
    /// Where the account stands.
    pub status: UserStatus,
    /// Whether the identity check is approved and has not expired.
    pub kyc_approved: bool,
    /// The level of the approved check; 0 without.
    pub kyc_level: u8,
    /// The login that the token belongs to.
    pub session: Uuid,
    /// When the token expires, in seconds since the epoch.
    pub expires: i64,
}

impl Principal {
    /// Whether the user may trade now. The core has the last word: it knows the same by a journaled command.
    pub fn may_trade(&self) -> bool {
        permitted(self.role, self.status, self.kyc_approved).trade
    }

    /// Whether the user may take money out now.
    pub fn may_withdraw(&self) -> bool {
        permitted(self.role, self.status, self.kyc_approved).withdraw
    }
}

/// What the core should permit an account of such a user.
pub fn permitted(role: Role, status: UserStatus, kyc_approved: bool) -> Permissions {
    let in_order = status == UserStatus::Active && kyc_approved;
    Permissions { trade: in_order && role.may(Permission::Trade), withdraw: in_order && role.may(Permission::Withdraw) }
}
