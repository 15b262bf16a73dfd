//! What staff do with users: find them, review their identity, set their state and role. And what users do with their own
//! identity check and profile.

use std::time::Duration;

use cx_store::clock::now_micros;
use cx_store::identity::{
    Decision, DecisionRecord, KycRecord, NewDecision, Profile, ProfileChange, Review, StatusChange, UserCounts,
    UserFilter,
};
use cx_store::{Page, PageRequest, StoreError};
use secrecy::SecretString;
use uuid::Uuid;

use crate::error::{Fault, IdentityError};
use crate::login::Registration;
use crate::role::{KycStatus, Role, UserStatus};
use crate::user::User;
use crate::{Identity, policy};

/// Highest level of an identity check.
pub const KYC_LEVEL_MAX: u8 = 3;
const REASON_CHARS_MAX: usize = 500;
/// Longest suspension or lock with an end: ten years.
const HELD_MAX: Duration = Duration::from_hours(10 * 365 * 24);

/// What staff decide about an identity check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The person is who they say: level 1 basic, 2 and more enhanced.
    Approve {
        /// 1 to [`KYC_LEVEL_MAX`].
        level: u8,
    },
    /// Refused.
    Reject {
        /// Why.
        reason: String,
    },
    /// Sent back for more.
    RequestUpdate {
        /// What is missing.
        reason: String,
    },
}

impl Identity {
    /// A user by row.
    pub async fn user(&self, id: i64) -> Result<User, StoreError> {
        self.users.by_id(id).await?.ok_or(StoreError::NotFound("user"))?.try_into()
    }

    /// A user by what stands in a path: row number or public name.
    pub async fn user_by_name(&self, name: &str) -> Result<User, StoreError> {
        let found = match (name.parse::<i64>(), name.parse::<Uuid>()) {
            (Ok(id), _) => self.users.by_id(id).await?,
            (_, Ok(uuid)) => self.users.by_uuid(&uuid.to_string()).await?,
            _ => None,
        };
        found.ok_or(StoreError::NotFound("user"))?.try_into()
    }

    /// A user by address.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let Ok(email) = policy::normalise_email(email) else { return Ok(None) };
        self.users.by_email(&email).await?.map(User::try_from).transpose()
    }

    /// A page of users, newest first.
    pub async fn list(
        &self,
        status: Option<UserStatus>,
        role: Option<Role>,
        request: PageRequest,
    ) -> Result<Page<User>, StoreError> {
        let filter = UserFilter {
            status: status.map(|status| status.as_str().to_owned()),
            role: role.map(|role| role.as_str().to_owned()),
        };
        let page = self.users.list(&filter, request).await?;
        let items = page.items.into_iter().map(User::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total: page.total, request: page.request })
    }

    /// Up to `most` users with a row above `after`, ascending.
    pub async fn after(&self, after: i64, most: u32) -> Result<Vec<User>, StoreError> {
        self.users.after(after, most).await?.into_iter().map(User::try_from).collect()
    }

    /// How many there are.
    pub async fn counts(&self) -> Result<UserCounts, StoreError> {
        self.users.counts().await
    }

    /// What a user says about themselves.
    pub async fn profile(&self, id: i64) -> Result<Profile, StoreError> {
        self.users.profile(id).await
    }

    /// Changes names and profile. Values must have been checked with [`policy`].
    pub async fn change_profile(&self, id: i64, change: &ProfileChange) -> Result<User, StoreError> {
        self.users.change_profile(id, change).await?.try_into()
    }

    /// Where a user's identity check stands.
    pub async fn kyc(&self, user_id: i64) -> Result<KycRecord, StoreError> {
        self.kyc.of(user_id).await
    }

    /// A page of identity checks, those that wait longest first.
    pub async fn kyc_list(
        &self,
        status: Option<KycStatus>,
        request: PageRequest,
    ) -> Result<Page<KycRecord>, StoreError> {
        self.kyc.list(status.map(KycStatus::as_str), request).await
    }

    /// A user asks for the check.
    pub async fn submit_kyc(&self, user_id: i64) -> Result<KycRecord, StoreError> {
        let kyc = self.kyc.submit(user_id).await?;
        self.cache.forget_user(user_id);
        Ok(kyc)
    }

    /// Staff decide about an identity check, never about their own. The core's permissions must follow.
    pub async fn review(&self, user_id: i64, verdict: &Verdict, made_by: i64) -> Result<User, IdentityError> {
        if user_id == made_by {
            return Err(IdentityError::FourEyes);
        }
        let valid = i64::try_from(self.settings.kyc_valid.as_micros()).unwrap_or(i64::MAX / 2);
        let decision = match verdict {
            Verdict::Approve { level } if (1..=KYC_LEVEL_MAX).contains(level) => Decision::Approve {
                level: i64::from(*level),
                expires_at: now_micros() + valid,
                needs_verified_email: self.settings.needs_verified_email,
            },
            Verdict::Approve { .. } => {
                return Err(fault("level", format!("level must be 1 to {KYC_LEVEL_MAX}")));
            }
            Verdict::Reject { reason } => Decision::Reject { reason: reason_text(reason)? },
            Verdict::RequestUpdate { reason } => Decision::RequestUpdate { reason: reason_text(reason)? },
        };
        let (_, user) = self.kyc.review(&Review { user_id, decision, made_by }).await?;
        self.cache.forget_user(user_id);
        Ok(user.try_into()?)
    }

    /// Sets a user's state, never one's own. Suspending, locking and closing end all logins at once; with `lasts` a
    /// suspension or lock ends by itself. The core's permissions must follow.
    pub async fn set_status(
        &self,
        user_id: i64,
        status: UserStatus,
        reason: Option<&str>,
        lasts: Option<Duration>,
        made_by: i64,
    ) -> Result<User, IdentityError> {
        if user_id == made_by {
            return Err(IdentityError::FourEyes);
        }
        self.change_status(user_id, status, reason, lasts, Some(made_by)).await
    }

    /// Ends an account for good, by its owner or by staff. The core's permissions must follow.
    pub async fn close(&self, user_id: i64, made_by: i64) -> Result<User, IdentityError> {
        self.change_status(user_id, UserStatus::Closed, None, None, Some(made_by)).await
    }

    async fn change_status(
        &self,
        user_id: i64,
        status: UserStatus,
        reason: Option<&str>,
        lasts: Option<Duration>,
        made_by: Option<i64>,
    ) -> Result<User, IdentityError> {
        let held = matches!(status, UserStatus::Suspended | UserStatus::Locked);
        if lasts.is_some_and(|lasts| !held || lasts.is_zero() || lasts > HELD_MAX) {
            let text = "duration_minutes is for suspended and locked only, at least 1 and at most ten years";
            return Err(fault("duration_minutes", text.to_owned()));
        }
        let reason = reason.map(|text| policy::free_text("reason", text, REASON_CHARS_MAX)).transpose();
        let reason = reason.map_err(|fault| IdentityError::Invalid(vec![fault]))?;
        let change = StatusChange {
            status: status.as_str(),
            reason: reason.as_deref().filter(|text| !text.is_empty()),
            until: lasts.map(|lasts| now_micros() + i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX / 2)),
            end_sessions: held || status == UserStatus::Closed,
            made_by,
        };
        let user = self.users.set_status(user_id, &change).await?;
        if change.end_sessions {
            self.ended(user_id, None);
        } else {
            self.cache.forget_user(user_id);
        }
        Ok(user.try_into()?)
    }

    /// Lifts a lock. The core's permissions must follow.
    pub async fn unlock(&self, user_id: i64, made_by: i64) -> Result<User, IdentityError> {
        if user_id == made_by {
            return Err(IdentityError::FourEyes);
        }
        let user = self.users.unlock(user_id, made_by).await?;
        self.cache.forget_user(user_id);
        Ok(user.try_into()?)
    }

    /// Changes a user's role, never one's own, and ends all logins. The core's permissions must follow.
    pub async fn set_role(&self, user_id: i64, role: Role, made_by: i64) -> Result<User, IdentityError> {
        if user_id == made_by {
            return Err(IdentityError::FourEyes);
        }
        let user = self.users.set_role(user_id, role.as_str(), Some(made_by)).await?;
        self.ended(user_id, None);
        Ok(user.try_into()?)
    }

    /// Writes down who decided what about the market. The decision itself has taken effect in the exchange by then.
    pub async fn note_decision(&self, decision: &NewDecision<'_>) -> Result<(), StoreError> {
        self.decisions.add(decision).await
    }

    /// A page of what staff decided about the market, newest first.
    pub async fn decisions(&self, request: PageRequest) -> Result<Page<DecisionRecord>, StoreError> {
        self.decisions.list(request).await
    }

    /// The words of a reason that may be given: trimmed, without control characters, at most 500 characters.
    pub fn reason(text: Option<&str>) -> Result<Option<String>, IdentityError> {
        let reason = text.map(|text| policy::free_text("reason", text, REASON_CHARS_MAX)).transpose();
        let reason = reason.map_err(|fault| IdentityError::Invalid(vec![fault]))?;
        Ok(reason.filter(|text| !text.is_empty()))
    }

    /// Makes the first admin. `None` when there is an admin already.
    pub async fn ensure_admin(&self, email: &str, password: SecretString) -> Result<Option<User>, IdentityError> {
        let admins = self.list(None, Some(Role::Admin), PageRequest::new(1, 1)).await?;
        if admins.total > 0 {
            return Ok(None);
        }
        let first = Registration {
            email: email.to_owned(),
            password,
            first_name: "First".to_owned(),
            last_name: "Admin".to_owned(),
            phone_number: None,
            company_name: None,
        };
        self.add_user(first, Role::Admin, true).await.map(Some)
    }
}

fn fault(field: &'static str, message: String) -> IdentityError {
    IdentityError::Invalid(vec![Fault { field, message }])
}

/// A reason that must be given.
fn reason_text(text: &str) -> Result<&str, IdentityError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(fault("reason", "reason must not be empty".to_owned()));
    }
    policy::free_text("reason", text, REASON_CHARS_MAX).map_err(|fault| IdentityError::Invalid(vec![fault]))?;
    Ok(text)
}
