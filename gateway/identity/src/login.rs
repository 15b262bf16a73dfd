//! Coming in and going out: register, log in, refresh, log out, change the password.

use cx_store::StoreError;
use cx_store::clock::now_micros;
use cx_store::identity::{Attempt, MailToken, NewSession, NewUser, Rotation, UserRecord, mail};
use rand::TryRngCore as _;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::error::{Fault, IdentityError, TokenError};
use crate::keys::sha256_hex;
use crate::role::{RiskLevel, Role, UserStatus};
use crate::token::{TokenKind, TokenPair};
use crate::user::{User, approved, corrupt};
use crate::{Identity, Principal, Revoked, policy};

/// How long a mailed token works.
const MAIL_TOKEN_LIFE_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What a person types to register.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The address that logs in.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Optional.
    pub phone_number: Option<String>,
    /// For companies.
    pub company_name: Option<String>,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// The client's address.
    pub ip: Option<&'a str>,
    /// The client's program.
    pub user_agent: Option<&'a str>,
}

/// Somebody has come in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// With what.
    pub tokens: TokenPair,
    /// Users whose standing ended by itself at this moment: the core's permissions must follow.
    pub standing_changed: Vec<i64>,
}

/// A registration that has been checked.
struct Checked {
    email: String,
    first_name: String,
    last_name: String,
    phone_number: Option<String>,
    company_name: String,
}

impl Identity {
    /// Adds a person who wants to trade: pending, individual, identity check not started. Logs in at once.
    pub async fn register(&self, registration: Registration, origin: Origin<'_>) -> Result<LoggedIn, IdentityError> {
        let row = self.add(registration, Role::Individual, false).await?;
        let tokens = self.open_session(&row, origin, false).await?;
        let user = row.try_into()?;
        Ok(LoggedIn { user, tokens, standing_changed: Vec::new() })
    }

    /// Adds a user of any role, for the command line and demonstrations. Staff are active at once, all others pending
    /// until their identity check is approved. `vouched`: the address needs no verification.
    pub async fn add_user(&self, new: Registration, role: Role, vouched: bool) -> Result<User, IdentityError> {
        Ok(self.add(new, role, vouched).await?.try_into()?)
    }

    async fn add(&self, new: Registration, role: Role, vouched: bool) -> Result<UserRecord, IdentityError> {
        let checked = check(&new)?;
        if self.users.by_email(&checked.email).await?.is_some() {
            return Err(IdentityError::EmailTaken);
        }
        let password_hash = self.hasher.hash(new.password).await?;
        let (token, token_hash) = mail_token()?;
        let body = verification_text(&token);
        let mail = MailToken {
            purpose: mail::VERIFY_EMAIL,
            token_hash: &token_hash,
            expires_at: now_micros() + MAIL_TOKEN_LIFE_MICROS,
            subject: VERIFICATION_SUBJECT,
            body: &body,
        };
        let new = NewUser {
            uuid: &Uuid::new_v4().to_string(),
            email: &checked.email,
            email_verified: vouched,
            password_hash: &password_hash,
            first_name: &checked.first_name,
            last_name: &checked.last_name,
            phone_number: checked.phone_number.as_deref(),
            company_name: &checked.company_name,
            role: role.as_str(),
            status: if role.is_staff() { UserStatus::Active } else { UserStatus::Pending }.as_str(),
            risk_level: RiskLevel::Medium.as_str(),
            mail: (!vouched).then_some(mail),
        };
        match self.users.create(&new).await {
            Ok(user) => Ok(user),
            Err(error) if error.is_conflict() => Err(IdentityError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks address and password. Who does not exist costs as much time as who does; five failures lock for half an
    /// hour; only the right password learns that an account is suspended or closed.
    pub async fn login(
        &self,
        email: &str,
        password: SecretString,
        origin: Origin<'_>,
    ) -> Result<LoggedIn, IdentityError> {
        let found = match policy::normalise_email(email) {
            Ok(email) => self.users.by_email(&email).await?,
            Err(_) => None,
        };
        let Some(found) = found else {
            self.hasher.verify(password, None).await?;
            return Err(IdentityError::InvalidCredentials);
        };
        if !self.guess(&found, password).await? {
            return Err(IdentityError::InvalidCredentials);
        }
        let (found, standing_changed) = self.in_standing(found).await?;
        let user = User::try_from(found.clone())?;
        match user.status {
            UserStatus::Suspended => return Err(IdentityError::Suspended),
            UserStatus::Closed => return Err(IdentityError::Closed),
            UserStatus::Locked => return Err(IdentityError::Locked { until: user.status_until }),
            UserStatus::Pending | UserStatus::Active | UserStatus::UnderReview | UserStatus::Dormant => {}
        }
        let tokens = self.open_session(&found, origin, true).await?;
        let user = self.user(user.id).await?;
        Ok(LoggedIn { user, tokens, standing_changed })
    }

    /// Whether the password is right. The attempt is counted before, so that many at once get no more guesses.
    async fn guess(&self, user: &UserRecord, password: SecretString) -> Result<bool, IdentityError> {
        let now = now_micros();
        let most = i64::from(self.settings.failures_max);
        let lock = i64::try_from(self.settings.lock.as_micros()).unwrap_or(i64::MAX / 2);
        match self.users.begin_attempt(user.id, most, now, now + lock).await? {
            Attempt::Locked { until } => return Err(IdentityError::Locked { until: Some(until) }),
            Attempt::Open => {}
        }
        let right = self.hasher.verify(password, Some(&user.password_hash)).await?;
        if right {
            self.users.attempt_succeeded(user.id).await?;
        }
        Ok(right)
    }

    /// The user after a suspension or lock that has run out was lifted.
    async fn in_standing(&self, found: UserRecord) -> Result<(UserRecord, Vec<i64>), IdentityError> {
        let held = [UserStatus::Suspended, UserStatus::Locked].iter().any(|status| status.as_str() == found.status);
        if !held || found.status_until.is_none_or(|until| until > now_micros()) {
            return Ok((found, Vec::new()));
        }
        let changed = self.lapse().await?;
        let now_free = self.users.by_id(found.id).await?.ok_or(StoreError::NotFound("user"))?;
        Ok((now_free, changed))
    }

    /// Ends what ends by itself: suspensions with an end, approvals that expire. Answers whose permissions in the core
    /// must follow. The server calls it now and then.
    pub async fn lapse(&self) -> Result<Vec<i64>, IdentityError> {
        let changed = self.users.lapse(now_micros()).await?;
        for user_id in &changed {
            self.cache.forget_user(*user_id);
        }
        Ok(changed)
    }

    /// Opens a login for a user whose password was just checked. When password or state have changed meanwhile, it is not
    /// opened: a login that is on its way must not outlive the revocation of all logins.
    async fn open_session(
        &self,
        user: &UserRecord,
        origin: Origin<'_>,
        login: bool,
    ) -> Result<TokenPair, IdentityError> {
        let session = Uuid::new_v4();
        let User { uuid, role, .. } = User::try_from(user.clone())?;
        let minted = self.tokens.mint(uuid, role, session, now_micros())?;
        let agent: Option<String> = origin.user_agent.map(|agent| agent.chars().take(200).collect());
        let new = NewSession {
            id: &session.to_string(),
            user_id: user.id,
            password_hash: &user.password_hash,
            ip: origin.ip,
            user_agent: agent.as_deref(),
            jti: &minted.refresh_jti.to_string(),
            expires_at: minted.refresh_expires_at,
            login,
        };
        if self.sessions.open(&new).await? { Ok(minted.pair) } else { Err(IdentityError::InvalidCredentials) }
    }

    /// Spends a refresh token for the next pair. Shown a second time, it ends the login that it came from.
    pub async fn refresh(&self, token: &str) -> Result<TokenPair, TokenError> {
        let claims = self.tokens.verify(token, TokenKind::Refresh)?;
        let session = claims.sid.to_string();
        let state = self.sessions.state(&session).await?.ok_or(TokenError::Revoked)?;
        let role = Role::parse(&state.role).ok_or_else(|| corrupt("users", "role", &state.role))?;
        let minted = self.tokens.mint(claims.sub, role, claims.sid, now_micros()).map_err(|_| TokenError::Invalid)?;
        let next = minted.refresh_jti.to_string();
        match self.sessions.rotate(&session, &claims.jti.to_string(), &next, minted.refresh_expires_at).await? {
            Rotation::Renewed => Ok(minted.pair),
            Rotation::Ended => Err(TokenError::Revoked),
            Rotation::Reused => {
                tracing::warn!(user = state.user_id, session, "a spent refresh token was shown again: login ended");
                self.ended(state.user_id, Some(claims.sid));
                Err(TokenError::Revoked)
            }
        }
    }

    /// Ends the login that the token came from.
    pub async fn logout(&self, principal: &Principal) -> Result<(), StoreError> {
        self.sessions.end(&principal.session.to_string(), "logout").await?;
        self.ended(principal.id, Some(principal.session));
        Ok(())
    }

    /// Changes the password and ends all logins; the answer is a new one.
    pub async fn change_password(
        &self,
        principal: &Principal,
        current: SecretString,
        new: SecretString,
        origin: Origin<'_>,
    ) -> Result<TokenPair, IdentityError> {
        let user = self.users.by_id(principal.id).await?.ok_or(StoreError::NotFound("user"))?;
        if !self.guess(&user, current.clone()).await? {
            return Err(IdentityError::WrongPassword);
        }
        let mut faults = policy::password_faults("new_password", new.expose_secret());
        if current.expose_secret() == new.expose_secret() {
            faults.push(Fault::new("new_password", "new_password must differ from the current one"));
        }
        if !faults.is_empty() {
            return Err(IdentityError::WeakPassword(faults));
        }
        let hash = self.hasher.hash(new).await?;
        self.users.set_password(principal.id, &hash).await?;
        self.ended(principal.id, None);
        self.open_session(&UserRecord { password_hash: hash, ..user }, origin, false).await
    }

    /// Who stands behind an access token, as of now.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, TokenError> {
        let claims = self.tokens.verify(token, TokenKind::Access)?;
        let asked = std::time::Instant::now();
        let state = match self.cache.get(claims.sid, asked) {
            Ok(state) => state,
            Err(ticket) => {
                let state = self.sessions.state(&claims.sid.to_string()).await?.ok_or(TokenError::Revoked)?;
                self.cache.keep(claims.sid, state.clone(), ticket, asked);
                state
            }
        };
        if state.revoked {
            return Err(TokenError::Revoked);
        }
        if state.uuid != claims.sub.to_string() {
            return Err(TokenError::Invalid);
        }
        principal(&state, claims.sid, claims.exp).map_err(TokenError::Store)
    }

    /// Sends the mail that asks to confirm the address (again). Earlier tokens stop working.
    pub async fn send_verification(&self, user_id: i64) -> Result<(), IdentityError> {
        let user = self.user(user_id).await?;
        let (token, token_hash) = mail_token()?;
        let mail = MailToken {
            purpose: mail::VERIFY_EMAIL,
            token_hash: &token_hash,
            expires_at: now_micros() + MAIL_TOKEN_LIFE_MICROS,
            subject: VERIFICATION_SUBJECT,
            body: &verification_text(&token),
        };
        Ok(self.mail.send(user.id, &user.email, &mail).await?)
    }

    /// Confirms an address with the token from the mail. When that was the last thing missing, the user becomes active.
    pub async fn verify_email(&self, token: &str) -> Result<User, IdentityError> {
        let verified = self.mail.verify_email(&sha256_hex(token.as_bytes()), true).await;
        let user: User = match verified {
            Ok(user) => user.try_into()?,
            Err(StoreError::NotFound(_)) => return Err(IdentityError::BadVerification),
            Err(error) => return Err(error.into()),
        };
        self.cache.forget_user(user.id);
        Ok(user)
    }

    /// Forgets what was known of a login (or of all of a user's), and tells those who listen.
    pub(crate) fn ended(&self, user_id: i64, session: Option<Uuid>) {
        match session {
            Some(session) => self.cache.forget_session(session),
            None => self.cache.forget_user(user_id),
        }
        // Nobody listens when no socket is open.
        drop(self.revoked.send(Revoked { user_id, session }));
    }
}

fn principal(state: &cx_store::identity::SessionState, session: Uuid, expires: i64) -> Result<Principal, StoreError> {
    let kyc = crate::KycStatus::parse(&state.kyc_status).ok_or_else(|| corrupt("kyc", "status", &state.kyc_status))?;
    Ok(Principal {
        id: state.user_id,
        uuid: state.uuid.parse().map_err(|_| corrupt("users", "uuid", &state.uuid))?,
        account: crate::user::account(state.user_id)?,
        role: Role::parse(&state.role).ok_or_else(|| corrupt("users", "role", &state.role))?,
        status: UserStatus::parse(&state.status).ok_or_else(|| corrupt("users", "status", &state.status))?,
        kyc_approved: approved(kyc, state.kyc_expires_at, now_micros()),
        kyc_level: u8::try_from(state.kyc_level).map_err(|_| corrupt("kyc", "level", &state.kyc_level))?,
        session,
        expires,
    })
}

fn check(new: &Registration) -> Result<Checked, IdentityError> {
    let mut faults = Vec::new();
    let mut take = |checked: Result<String, Fault>| {
        checked.unwrap_or_else(|fault| {
            faults.push(fault);
            String::new()
        })
    };
    let checked = Checked {
        email: take(policy::normalise_email(&new.email)),
        first_name: take(policy::name("first_name", &new.first_name)),
        last_name: take(policy::name("last_name", &new.last_name)),
        phone_number: Some(take(policy::phone("phone_number", new.phone_number.as_deref().unwrap_or_default())))
            .filter(|number| !number.is_empty()),
        company_name: take(policy::free_text("company_name", new.company_name.as_deref().unwrap_or_default(), 200)),
    };
    let weak = policy::password_faults("password", new.password.expose_secret());
    match (faults.is_empty(), weak.is_empty()) {
        (true, true) => Ok(checked),
        (true, false) => Err(IdentityError::WeakPassword(weak)),
        (false, _) => {
            faults.extend(weak);
            Err(IdentityError::Invalid(faults))
        }
    }
}

const VERIFICATION_SUBJECT: &str = "Confirm your e-mail address";

fn verification_text(token: &str) -> String {
    format!(
        "Welcome to CarbonXchange.\n\nConfirm your address within 24 hours with this token:\n\n{token}\n\n\
         (POST /api/auth/verify-email with {{\"token\": \"...\"}}.)\n"
    )
}

/// A token of 256 random bits and its SHA-256: only the latter is looked up.
fn mail_token() -> Result<(String, String), IdentityError> {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(|error| IdentityError::Signing(error.to_string()))?;
    let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let hash = sha256_hex(token.as_bytes());
    Ok((token, hash))
}
