//! How people look from outside: User, Profile and Kyc of API.md section 2.

use cx_identity::{KycRecord, Profile, User, UserStatus};
use cx_store::clock::now_micros;
use serde::Serialize;
use utoipa::ToSchema;

use super::trading::shapes::of_micros as time;
use crate::problem::Problem;
use crate::state::AppState;

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// A user.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
#[allow(clippy::struct_excessive_bools)] // the contract's fields
pub(crate) struct UserBody {
    id: i64,
    uuid: String,
    email: String,
    first_name: String,
    last_name: String,
    full_name: String,
    phone_number: Option<String>,
    status: &'static str,
    role: &'static str,
    is_verified: bool,
    is_active: bool,
    is_kyc_approved: bool,
    is_email_verified: bool,
    risk_level: &'static str,
    created_at: String,
    last_login_at: Option<String>,
    mfa_enabled: bool,
    /// For staff only.
    #[serde(flatten)]
    staff: Option<StaffPart>,
    /// Where the user is shown in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<ProfileBody>,
    /// Where the user is shown in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    kyc: Option<KycBody>,
}

/// What staff see of a user besides.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct StaffPart {
    risk_score: Option<i64>,
    failed_login_attempts: i64,
    is_locked: bool,
    is_suspended: bool,
    last_login_ip: Option<String>,
    status_reason: Option<String>,
    /// When a suspension or lock ends by itself.
    status_until: Option<String>,
    updated_at: String,
}

impl UserBody {
    /// As everybody may see themselves.
    pub(crate) fn of(user: &User) -> Self {
        let kyc = user.is_kyc_approved(now_micros());
        Self {
            id: user.id,
            uuid: user.uuid.to_string(),
            email: user.email.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            full_name: user.full_name(),
            phone_number: user.phone_number.clone(),
            status: user.status.as_str(),
            role: user.role.as_str(),
            is_verified: kyc && user.status != UserStatus::Pending,
            is_active: user.is_active(),
            is_kyc_approved: kyc,
            is_email_verified: user.email_verified_at.is_some(),
            risk_level: user.risk_level.as_str(),
            created_at: time(user.created_at),
            last_login_at: user.last_login_at.map(time),
            mfa_enabled: user.mfa_enabled,
            staff: None,
            profile: None,
            kyc: None,
        }
    }

    /// As staff see it.
    pub(crate) fn for_staff(user: &User) -> Self {
        let staff = StaffPart {
            risk_score: user.risk_score,
            failed_login_attempts: user.failed_logins,
            is_locked: user.is_locked(now_micros()),
            is_suspended: user.status == UserStatus::Suspended,
            last_login_ip: user.last_login_ip.clone(),
            status_reason: user.status_reason.clone(),
            status_until: user.status_until.map(time),
            updated_at: time(user.updated_at),
        };
        Self { staff: Some(staff), ..Self::of(user) }
    }

    /// With profile and identity check.
    pub(crate) async fn in_full(self, state: &AppState, user: &User) -> Result<Self, Problem> {
        let profile = state.identity.profile(user.id).await?;
        let kyc = state.identity.kyc(user.id).await?;
        Ok(Self { profile: Some(ProfileBody::of(profile)), kyc: Some(KycBody::of(&kyc, user)), ..self })
    }
}

/// An answer with one user in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct UserAnswer {
    pub(crate) user: UserBody,
}

/// What a person says about themselves. Empty text: not said.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Profile)]
pub(crate) struct ProfileBody {
    middle_name: String,
    nationality: String,
    country_of_residence: String,
    address: Address,
    occupation: String,
    employer: String,
    annual_income: String,
    source_of_funds: String,
    company: Option<Company>,
    trading: Trading,
    preferences: Preferences,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Address {
    line_1: String,
    line_2: String,
    city: String,
    state_province: String,
    postal_code: String,
    country: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Company {
    name: String,
    registration_number: String,
    tax_id: String,
    incorporation_country: String,
    business_type: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Trading {
    experience: String,
    objectives: String,
    risk_tolerance: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Preferences {
    language: String,
    timezone: String,
    marketing_consent: bool,
}

impl ProfileBody {
    fn of(profile: Profile) -> Self {
        // Only the name is asked for so far.
        let company = Company {
            name: profile.company_name,
            registration_number: String::new(),
            tax_id: String::new(),
            incorporation_country: String::new(),
            business_type: String::new(),
        };
        Self {
            middle_name: profile.middle_name,
            nationality: profile.nationality,
            country_of_residence: profile.country_of_residence,
            address: Address {
                line_1: profile.address_line_1,
                line_2: profile.address_line_2,
                city: profile.city,
                state_province: profile.state_province,
                postal_code: profile.postal_code,
                country: profile.country,
            },
            occupation: profile.occupation,
            employer: profile.employer,
            annual_income: profile.annual_income,
            source_of_funds: profile.source_of_funds,
            company: (!company.name.is_empty()).then_some(company),
            trading: Trading {
                experience: profile.trading_experience,
                objectives: profile.trading_objectives,
                risk_tolerance: profile.risk_tolerance,
            },
            preferences: Preferences {
                language: profile.preferred_language,
                timezone: profile.timezone,
                marketing_consent: profile.marketing_consent,
            },
        }
    }
}

/// Where an identity check stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Kyc)]
#[allow(clippy::struct_excessive_bools)] // the contract's fields
pub(crate) struct KycBody {
    id: i64,
    status: String,
    /// 0 none, 1 basic, 2 and more enhanced.
    verification_level: i64,
    identity_verified: bool,
    address_verified: bool,
    phone_verified: bool,
    email_verified: bool,
    /// `not_screened`: lists are not screened yet.
    aml_screening_status: &'static str,
    pep_status: &'static str,
    sanctions_screening: &'static str,
    submitted_at: Option<String>,
    approved_at: Option<String>,
    expires_at: Option<String>,
    is_expired: bool,
    /// 0 without an end.
    days_until_expiry: i64,
    documents_count: u32,
    /// Why it was rejected, or what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl KycBody {
    pub(crate) fn of(kyc: &KycRecord, user: &User) -> Self {
        const NOT_SCREENED: &str = "not_screened";
        let now = now_micros();
        let left = kyc.expires_at.map_or(0, |end| (end - now).max(0));
        Self {
            id: kyc.id,
            status: kyc.status.clone(),
            verification_level: kyc.level,
            identity_verified: kyc.identity_verified,
            address_verified: kyc.address_verified,
            phone_verified: kyc.phone_verified,
            email_verified: user.email_verified_at.is_some(),
            aml_screening_status: NOT_SCREENED,
            pep_status: NOT_SCREENED,
            sanctions_screening: NOT_SCREENED,
            submitted_at: kyc.submitted_at.map(time),
            approved_at: kyc.approved_at.map(time),
            expires_at: kyc.expires_at.map(time),
            is_expired: kyc.status == "expired" || kyc.expires_at.is_some_and(|end| end <= now),
            days_until_expiry: left / DAY_MICROS,
            documents_count: 0,
            reason: kyc.reason.clone(),
        }
    }
}
