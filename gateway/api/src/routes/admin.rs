//! What staff do with people: `/api/admin`.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use cx_identity::{KycStatus, Permission, Role, User, UserStatus, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::{KycBody, UserBody};
use super::users::{UserList, page_of_users, word};
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Params, Segment};
use crate::page::{PageMeta, PageParams};
use crate::problem::{Problem, ProblemBody};
use crate::standing;
use crate::state::AppState;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_users))
        .routes(routes!(set_status))
        .routes(routes!(unlock))
        .routes(routes!(set_role))
        .routes(routes!(system))
        .routes(routes!(permissions))
        .routes(routes!(list_kyc))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(request_update))
}

#[derive(Serialize, ToSchema)]
struct StaffAnswer {
    message: String,
    user: UserBody,
}

#[derive(Deserialize, ToSchema)]
struct StatusBody {
    /// `pending`, `active`, `suspended`, `closed`, `under_review`, `locked` or `dormant`.
    status: String,
    reason: Option<String>,
    /// For suspended and locked: they end by themselves.
    duration_minutes: Option<u64>,
}

impl Input for StatusBody {
    const REQUIRED: &'static [&'static str] = &["status"];
}

#[derive(Deserialize, ToSchema)]
struct RoleBody {
    role: String,
}

impl Input for RoleBody {
    const REQUIRED: &'static [&'static str] = &["role"];
}

#[derive(Deserialize, ToSchema)]
struct LevelBody {
    /// 1 basic, 2 and 3 enhanced.
    #[schema(minimum = 1, maximum = 3)]
    level: u8,
}

impl Input for LevelBody {
    const REQUIRED: &'static [&'static str] = &["level"];
}

#[derive(Deserialize, ToSchema)]
struct ReasonBody {
    reason: String,
}

impl Input for ReasonBody {
    const REQUIRED: &'static [&'static str] = &["reason"];
}

/// Lists users, newest first.
#[utoipa::path(
    get,
    path = "/users",
    tag = "admin",
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
async fn list_users(
    State(state): State<AppState>,
    user: CurrentUser,
    params: Params,
) -> Result<Answer<UserList>, Problem> {
    page_of_users(&state, &user, &params).await.map(Answer)
}

/// The user that a path names, after the role was checked.
async fn named(state: &AppState, current: &CurrentUser, needs: Permission, name: &str) -> Result<User, Problem> {
    current.require(needs)?;
    Ok(state.identity.user_by_name(name).await?)
}

/// Sets a user's state. Suspending, locking and closing end all logins and take the permission to trade at once.
#[utoipa::path(
    put,
    path = "/users/{id}/status",
    tag = "admin",
    params(("id" = String, Path, description = "Number or uuid.")),
    request_body = StatusBody,
    responses(
        (status = 200, description = "Set.", body = StaffAnswer),
        (status = 400, description = "The state is not known, or the duration does not fit it.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role, or about oneself.", body = ProblemBody),
        (status = 404, description = "No such user.", body = ProblemBody),
        (status = 409, description = "The account is closed.", body = ProblemBody),
    ),
)]
async fn set_status(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<StaffAnswer>, Problem> {
    let user = named(&state, &current, Permission::ManageUsers, &id).await?;
    let body: StatusBody = body.read()?;
    let unknown = || Problem::invalid("status", format!("status {:?} is not known", body.status));
    let status = UserStatus::parse(&body.status).ok_or_else(unknown)?;
    let lasts = body.duration_minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    state.identity.set_status(user.id, status, body.reason.as_deref(), lasts, current.id).await?;
    let user = standing::follow(&state, user.id).await?;
    Ok(Answer(StaffAnswer { message: format!("User is {status}"), user: UserBody::for_staff(&user) }))
}

/// Lifts the lock of failed logins, or one that staff have set.
#[utoipa::path(
    post,
    path = "/users/{id}/unlock",
    tag = "admin",
    params(("id" = String, Path, description = "Number or uuid.")),
    responses(
        (status = 200, description = "Unlocked.", body = StaffAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role, or about oneself.", body = ProblemBody),
        (status = 404, description = "No such user.", body = ProblemBody),
    ),
)]
async fn unlock(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
) -> Result<Answer<StaffAnswer>, Problem> {
    let user = named(&state, &current, Permission::ManageUsers, &id).await?;
    state.identity.unlock(user.id, current.id).await?;
    let user = standing::follow(&state, user.id).await?;
    Ok(Answer(StaffAnswer { message: "User unlocked".to_owned(), user: UserBody::for_staff(&user) }))
}

/// Sets a user's role and ends all logins. Staff roles never trade.
#[utoipa::path(
    put,
    path = "/users/{id}/roles",
    tag = "admin",
    params(("id" = String, Path, description = "Number or uuid.")),
    request_body = RoleBody,
    responses(
        (status = 200, description = "Set.", body = StaffAnswer),
        (status = 400, description = "The role is not known.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role, or about oneself.", body = ProblemBody),
        (status = 404, description = "No such user.", body = ProblemBody),
    ),
)]
async fn set_role(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<StaffAnswer>, Problem> {
    let user = named(&state, &current, Permission::ManageUsers, &id).await?;
    let body: RoleBody = body.read()?;
    let role = word("role", Some(&body.role), Role::parse)?.unwrap_or(user.role);
    state.identity.set_role(user.id, role, current.id).await?;
    let user = standing::follow(&state, user.id).await?;
    Ok(Answer(StaffAnswer { message: format!("Role is {role}"), user: UserBody::for_staff(&user) }))
}

#[derive(Serialize, ToSchema)]
struct SystemAnswer {
    users: UserNumbers,
    trading: TradingNumbers,
    carbon: CarbonNumbers,
}

#[derive(Serialize, ToSchema)]
struct UserNumbers {
    total: u64,
    active: u64,
}

#[derive(Serialize, ToSchema)]
struct TradingNumbers {
    /// Refused ones included.
    orders: u64,
    trades: u64,
}

#[derive(Serialize, ToSchema)]
struct CarbonNumbers {
    projects: u64,
    /// Blocks of credits.
    credits: u64,
}

/// The venue in numbers.
#[utoipa::path(
    get,
    path = "/system",
    tag = "admin",
    responses(
        (status = 200, description = "The numbers.", body = SystemAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
    ),
)]
async fn system(State(state): State<AppState>, current: CurrentUser) -> Result<Answer<SystemAnswer>, Problem> {
    current.require(Permission::ReadSystem)?;
    let users = state.identity.counts().await?;
    let sink = state.store.sink_cursor().await?;
    let carbon = state.store.credits().counts().await?;
    Ok(Answer(SystemAnswer {
        users: UserNumbers { total: users.total, active: users.active },
        trading: TradingNumbers { orders: sink.orders, trades: sink.trades },
        carbon: CarbonNumbers { projects: carbon.projects, credits: carbon.credits },
    }))
}

#[derive(Serialize, ToSchema)]
struct PermissionsAnswer {
    permissions: Vec<PermissionLine>,
    roles: Vec<RoleLine>,
}

#[derive(Serialize, ToSchema)]
struct PermissionLine {
    name: &'static str,
    description: &'static str,
}

#[derive(Serialize, ToSchema)]
struct RoleLine {
    name: &'static str,
    description: &'static str,
    is_staff: bool,
    permissions: Vec<&'static str>,
}

/// Which role may do what: the table that the code itself uses.
#[utoipa::path(
    get,
    path = "/permissions",
    tag = "admin",
    responses(
        (status = 200, description = "The table.", body = PermissionsAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
    ),
)]
async fn permissions(current: CurrentUser) -> Result<Answer<PermissionsAnswer>, Problem> {
    current.require(Permission::ListUsers)?;
    let line =
        |permission: &Permission| PermissionLine { name: permission.as_str(), description: permission.meaning() };
    let role = |role: &Role| RoleLine {
        name: role.as_str(),
        description: role.meaning(),
        is_staff: role.is_staff(),
        permissions: role.permissions().iter().map(|permission| permission.as_str()).collect(),
    };
    Ok(Answer(PermissionsAnswer {
        permissions: Permission::ALL.iter().map(line).collect(),
        roles: Role::ALL.iter().map(role).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
struct KycLine {
    user: UserBody,
    kyc: KycBody,
}

#[derive(Serialize, ToSchema)]
struct KycList {
    kyc: Vec<KycLine>,
    #[serde(flatten)]
    page: PageMeta,
}

#[derive(Debug, Default, Deserialize)]
struct KycQuery {
    status: Option<String>,
}

/// Lists identity checks, those that wait longest first.
#[utoipa::path(
    get,
    path = "/kyc",
    tag = "admin",
    params(PageParams, ("status" = Option<String>, Query, description = "Only those that stand so.")),
    responses(
        (status = 200, description = "A page of identity checks.", body = KycList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
    ),
)]
async fn list_kyc(
    State(state): State<AppState>,
    current: CurrentUser,
    params: Params,
) -> Result<Answer<KycList>, Problem> {
    current.require(Permission::ReviewKyc)?;
    let request = PageParams::read(&params)?;
    let status = word("status", params.read::<KycQuery>()?.status.as_deref(), KycStatus::parse)?;
    let page = state.identity.kyc_list(status, request).await?;
    let mut kyc = Vec::with_capacity(page.items.len());
    for record in &page.items {
        let user = state.identity.user(record.user_id).await?;
        kyc.push(KycLine { user: UserBody::for_staff(&user), kyc: KycBody::of(record, &user) });
    }
    Ok(Answer(KycList { kyc, page: PageMeta::from(&page) }))
}

#[derive(Serialize, ToSchema)]
struct ReviewAnswer {
    message: &'static str,
    user: UserBody,
    kyc: KycBody,
}

/// Writes a verdict and lets the core know before it answers.
async fn review(
    state: &AppState,
    current: &CurrentUser,
    user: &User,
    verdict: &Verdict,
    message: &'static str,
) -> Result<Answer<ReviewAnswer>, Problem> {
    state.identity.review(user.id, verdict, current.id).await?;
    let user = standing::follow(state, user.id).await?;
    let kyc = state.identity.kyc(user.id).await?;
    Ok(Answer(ReviewAnswer { message, user: UserBody::for_staff(&user), kyc: KycBody::of(&kyc, &user) }))
}

/// Approves an identity check. The user becomes active when nothing else is missing, and may trade when this is answered.
#[utoipa::path(
    post,
    path = "/kyc/{user_id}/approve",
    tag = "admin",
    params(("user_id" = String, Path, description = "Number or uuid.")),
    request_body = LevelBody,
    responses(
        (status = 200, description = "Approved.", body = ReviewAnswer),
        (status = 400, description = "The level is missing or not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role, or about oneself.", body = ProblemBody),
        (status = 404, description = "No such user.", body = ProblemBody),
        (status = 409, description = "The account is closed.", body = ProblemBody),
    ),
)]
async fn approve(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<ReviewAnswer>, Problem> {
    let user = named(&state, &current, Permission::ReviewKyc, &id).await?;
    let LevelBody { level } = body.read()?;
    review(&state, &current, &user, &Verdict::Approve { level }, "Identity check approved").await
}

/// Rejects an identity check. Whoever could trade cannot any more.
#[utoipa::path(
    post,
    path = "/kyc/{user_id}/reject",
    tag = "admin",
    params(("user_id" = String, Path, description = "Number or uuid.")),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "Rejected.", body = ReviewAnswer),
        (status = 400, description = "The reason is missing.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role, or about oneself.", body = ProblemBody),
        (status = 404, description = "No such user.", body = ProblemBody),
        (status = 409, description = "The account is closed.", body = ProblemBody),
    ),
)]
async fn reject(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<ReviewAnswer>, Problem> {
    let user = named(&state, &current, Permission::ReviewKyc, &id).await?;
    let ReasonBody { reason } = body.read()?;
    review(&state, &current, &user, &Verdict::Reject { reason }, "Identity check rejected").await
}

/// Sends an identity check back for more. Whoever could trade cannot until it is approved again.
#[utoipa::path(
    post,
    path = "/kyc/{user_id}/request-update",
    tag = "admin",
    params(("user_id" = String, Path, description = "Number or uuid.")),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "Sent back.", body = ReviewAnswer),
        (status = 400, description = "The reason is missing.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role, or about oneself.", body = ProblemBody),
        (status = 404, description = "No such user.", body = ProblemBody),
        (status = 409, description = "The account is closed.", body = ProblemBody),
    ),
)]
async fn request_update(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<ReviewAnswer>, Problem> {
    let user = named(&state, &current, Permission::ReviewKyc, &id).await?;
    let ReasonBody { reason } = body.read()?;
    review(&state, &current, &user, &Verdict::RequestUpdate { reason }, "More was asked for").await
}
