//! People and what they say about themselves: `/api/users`.

use axum::Json as Answer;
use axum::extract::State;
use cx_identity::{Fault, Permission, ProfileChange, Role, User, UserStatus, policy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::{KycBody, UserAnswer, UserBody};
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Params, Segment};
use crate::page::{PageMeta, PageParams};
use crate::problem::{Code, Problem, ProblemBody};
use crate::standing;
use crate::state::AppState;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(me))
        .routes(routes!(update_me))
        .routes(routes!(submit_kyc))
        .routes(routes!(show, update, close))
}

const TEXT_CHARS_MAX: usize = 200;

/// A page of users.
#[derive(Serialize, ToSchema)]
pub(super) struct UserList {
    users: Vec<UserBody>,
    #[serde(flatten)]
    page: PageMeta,
}

/// What changes; fields that are missing stay as they are, empty text clears.
#[derive(Deserialize, ToSchema)]
struct ProfileInput {
    first_name: Option<String>,
    last_name: Option<String>,
    phone_number: Option<String>,
    middle_name: Option<String>,
    nationality: Option<String>,
    country_of_residence: Option<String>,
    address_line_1: Option<String>,
    address_line_2: Option<String>,
    city: Option<String>,
    state_province: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    occupation: Option<String>,
    employer: Option<String>,
    annual_income: Option<String>,
    source_of_funds: Option<String>,
    company_name: Option<String>,
    trading_experience: Option<String>,
    trading_objectives: Option<String>,
    risk_tolerance: Option<String>,
    preferred_language: Option<String>,
    timezone: Option<String>,
    marketing_consent: Option<bool>,
}

impl Input for ProfileInput {
    const REQUIRED: &'static [&'static str] = &[];
}

impl ProfileInput {
    fn check(self) -> Result<ProfileChange, Problem> {
        let mut faults: Vec<Fault> = Vec::new();
        let mut checked = |field, text: Option<String>, rule: fn(&'static str, &str) -> Result<String, Fault>| {
            text.and_then(|text| rule(field, &text).map_err(|fault| faults.push(fault)).ok())
        };
        let plain: fn(&'static str, &str) -> Result<String, Fault> =
            |field, text| policy::free_text(field, text, TEXT_CHARS_MAX);
        // A name cannot be cleared: empty means "as before".
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let change = ProfileChange {
            first_name: checked("first_name", given(self.first_name), policy::name),
            last_name: checked("last_name", given(self.last_name), policy::name),
            phone_number: checked("phone_number", self.phone_number, policy::phone),
            middle_name: checked("middle_name", self.middle_name, plain),
            nationality: checked("nationality", self.nationality, plain),
            country_of_residence: checked("country_of_residence", self.country_of_residence, plain),
            address_line_1: checked("address_line_1", self.address_line_1, plain),
            address_line_2: checked("address_line_2", self.address_line_2, plain),
            city: checked("city", self.city, plain),
            state_province: checked("state_province", self.state_province, plain),
            postal_code: checked("postal_code", self.postal_code, plain),
            country: checked("country", self.country, plain),
            occupation: checked("occupation", self.occupation, plain),
            employer: checked("employer", self.employer, plain),
            annual_income: checked("annual_income", self.annual_income, plain),
            source_of_funds: checked("source_of_funds", self.source_of_funds, plain),
            company_name: checked("company_name", self.company_name, plain),
            trading_experience: checked("trading_experience", self.trading_experience, plain),
            trading_objectives: checked("trading_objectives", self.trading_objectives, plain),
            risk_tolerance: checked("risk_tolerance", self.risk_tolerance, plain),
            preferred_language: checked("preferred_language", self.preferred_language, plain),
            timezone: checked("timezone", self.timezone, plain),
            marketing_consent: self.marketing_consent,
        };
        if faults.is_empty() { Ok(change) } else { Err(cx_identity::IdentityError::Invalid(faults).into()) }
    }
}

#[derive(Debug, Default, Deserialize)]
struct UserQuery {
    status: Option<String>,
    role: Option<String>,
}

/// Also serves `/api/admin/users`.
pub(super) async fn page_of_users(state: &AppState, user: &CurrentUser, params: &Params) -> Result<UserList, Problem> {
    user.require(Permission::ListUsers)?;
    let request = PageParams::read(params)?;
    let query: UserQuery = params.read()?;
    let status = word("status", query.status.as_deref(), UserStatus::parse)?;
    let role = word("role", query.role.as_deref(), Role::parse)?;
    let page = state.identity.list(status, role, request).await?;
    Ok(UserList { page: PageMeta::from(&page), users: page.items.iter().map(UserBody::for_staff).collect() })
}

/// A word of an enumeration, when there is one.
pub(super) fn word<T>(field: &str, text: Option<&str>, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    let unknown = |text| Problem::invalid(field, format!("{field} {text:?} is not known"));
    text.map(|text| parse(text).ok_or_else(|| unknown(text))).transpose()
}

/// The user behind the token, in full.
pub(super) async fn show_me(state: &AppState, current: &CurrentUser) -> Result<UserAnswer, Problem> {
    let user = state.identity.user(current.id).await?;
    Ok(UserAnswer { user: UserBody::of(&user).in_full(state, &user).await? })
}

/// The user that a path names, when the caller may see it: the caller, or anybody for those who may list users.
async fn visible(state: &AppState, current: &CurrentUser, name: &str) -> Result<User, Problem> {
    let user = state.identity.user_by_name(name).await?;
    let may = user.id == current.id || current.require(Permission::ListUsers).is_ok();
    if may { Ok(user) } else { Err(Problem::not_found("user")) }
}

/// As the caller may see it.
fn shown(current: &CurrentUser, user: &User) -> UserBody {
    if current.require(Permission::ListUsers).is_ok() { UserBody::for_staff(user) } else { UserBody::of(user) }
}

/// Lists users, newest first. For admins and compliance officers.
#[utoipa::path(
    get,
    path = "",
    tag = "users",
    params(
        PageParams,
        ("status" = Option<String>, Query, description = "Only in this state."),
        ("role" = Option<String>, Query, description = "Only with this role."),
    ),
    responses(
        (status = 200, description = "A page of users.", body = UserList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
    ),
)]
async fn list(State(state): State<AppState>, user: CurrentUser, params: Params) -> Result<Answer<UserList>, Problem> {
    page_of_users(&state, &user, &params).await.map(Answer)
}

/// Who I am, with profile and identity check.
#[utoipa::path(
    get,
    path = "/me",
    tag = "users",
    responses(
        (status = 200, description = "The user.", body = UserAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn me(State(state): State<AppState>, current: CurrentUser) -> Result<Answer<UserAnswer>, Problem> {
    show_me(&state, &current).await.map(Answer)
}

/// Changes my names and profile.
#[utoipa::path(
    put,
    path = "/me/profile",
    tag = "users",
    request_body = ProfileInput,
    responses(
        (status = 200, description = "The user as changed.", body = UserAnswer),
        (status = 400, description = "A field is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn update_me(
    State(state): State<AppState>,
    current: CurrentUser,
    body: Body,
) -> Result<Answer<UserAnswer>, Problem> {
    let change = body.read::<ProfileInput>()?.check()?;
    let user = state.identity.change_profile(current.id, &change).await?;
    Ok(Answer(UserAnswer { user: UserBody::of(&user).in_full(&state, &user).await? }))
}

#[derive(Serialize, ToSchema)]
struct KycAnswer {
    message: &'static str,
    kyc: KycBody,
}

/// Asks for the identity check.
#[utoipa::path(
    post,
    path = "/kyc/submit",
    tag = "users",
    responses(
        (status = 200, description = "It waits for staff.", body = KycAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 409, description = "It is approved or waits already.", body = ProblemBody),
    ),
)]
async fn submit_kyc(State(state): State<AppState>, current: CurrentUser) -> Result<Answer<KycAnswer>, Problem> {
    let kyc = state.identity.submit_kyc(current.id).await?;
    let user = state.identity.user(current.id).await?;
    Ok(Answer(KycAnswer { message: "Submitted for review", kyc: KycBody::of(&kyc, &user) }))
}

/// Shows a user: oneself, or anybody for admins and compliance officers.
#[utoipa::path(
    get,
    path = "/{id}",
    tag = "users",
    params(("id" = String, Path, description = "Number or uuid.")),
    responses(
        (status = 200, description = "The user.", body = UserAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 404, description = "No such user, or not for you.", body = ProblemBody),
    ),
)]
async fn show(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
) -> Result<Answer<UserAnswer>, Problem> {
    let user = visible(&state, &current, &id).await?;
    Ok(Answer(UserAnswer { user: shown(&current, &user).in_full(&state, &user).await? }))
}

/// Changes names and profile: one's own, or anybody's for admins.
#[utoipa::path(
    put,
    path = "/{id}",
    tag = "users",
    params(("id" = String, Path, description = "Number or uuid.")),
    request_body = ProfileInput,
    responses(
        (status = 200, description = "The user as changed.", body = UserAnswer),
        (status = 400, description = "A field is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Visible to you, but not yours to change.", body = ProblemBody),
        (status = 404, description = "No such user, or not for you.", body = ProblemBody),
    ),
)]
async fn update(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<UserAnswer>, Problem> {
    let user = changeable(&state, &current, &id).await?;
    let change = body.read::<ProfileInput>()?.check()?;
    let user = state.identity.change_profile(user.id, &change).await?;
    Ok(Answer(UserAnswer { user: shown(&current, &user).in_full(&state, &user).await? }))
}

async fn changeable(state: &AppState, current: &CurrentUser, name: &str) -> Result<User, Problem> {
    let user = visible(state, current, name).await?;
    if user.id != current.id {
        current.require(Permission::ManageUsers)?;
    }
    Ok(user)
}

#[derive(Serialize, ToSchema)]
struct ClosedAnswer {
    message: &'static str,
    user: UserBody,
}

/// Closes an account for good: one's own, or anybody's for admins. Cash and credits must be out of it first.
#[utoipa::path(
    delete,
    path = "/{id}",
    tag = "users",
    params(("id" = String, Path, description = "Number or uuid.")),
    responses(
        (status = 200, description = "Closed; open orders are cancelled.", body = ClosedAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Visible to you, but not yours to close.", body = ProblemBody),
        (status = 404, description = "No such user, or not for you.", body = ProblemBody),
        (status = 409, description = "The account still holds something.", body = ProblemBody),
    ),
)]
async fn close(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
) -> Result<Answer<ClosedAnswer>, Problem> {
    let user = changeable(&state, &current, &id).await?;
    if user.id == current.id && user.role.is_staff() {
        return Err(Problem::new(Code::FourEyes).detail("Staff accounts are closed by somebody else."));
    }
    let holds = !state.venue.read().accounts.balances_of(user.account()).is_empty();
    if holds {
        return Err(Problem::new(Code::Conflict).detail("The account still holds cash or credits."));
    }
    let user = state.identity.close(user.id, current.id).await?;
    standing::follow(&state, user.id).await?;
    Ok(Answer(ClosedAnswer { message: "Account closed", user: shown(&current, &user) }))
}
