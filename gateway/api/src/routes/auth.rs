//! Coming in and going out: `/api/auth`.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use cx_identity::{LoggedIn, Origin, Registration, SecretString, TokenPair};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::{UserAnswer, UserBody};
use crate::auth::{self, CurrentUser};
use crate::json::{Body, Input, Json};
use crate::middleware::client::ClientAddress;
use crate::problem::{Code, Problem, ProblemBody};
use crate::standing;
use crate::state::AppState;

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(me))
        .routes(routes!(change_password))
        .routes(routes!(verify_email))
}

/// What a person types to register.
#[derive(Deserialize, ToSchema)]
struct RegisterBody {
    email: String,
    /// 8 characters or more, with upper case, lower case, digit and symbol.
    password: String,
    first_name: String,
    last_name: String,
    phone_number: Option<String>,
    company_name: Option<String>,
}

impl Input for RegisterBody {
    const REQUIRED: &'static [&'static str] = &["email", "password", "first_name", "last_name"];
}

#[derive(Deserialize, ToSchema)]
struct LoginBody {
    email: String,
    password: String,
    /// For accounts with a second factor.
    #[allow(dead_code)] // accepted today, asked for with the second factor
    mfa_code: Option<String>,
}

impl Input for LoginBody {
    const REQUIRED: &'static [&'static str] = &["email", "password"];
}

#[derive(Deserialize, ToSchema)]
struct PasswordBody {
    current_password: String,
    new_password: String,
}

impl Input for PasswordBody {
    const REQUIRED: &'static [&'static str] = &["current_password", "new_password"];
}

#[derive(Deserialize, ToSchema)]
struct VerifyBody {
    /// From the mail. Without it the mail is sent.
    token: Option<String>,
}

impl Input for VerifyBody {
    const REQUIRED: &'static [&'static str] = &[];
}

/// A user and their tokens.
#[derive(Serialize, ToSchema)]
struct LoginAnswer {
    message: &'static str,
    user: UserBody,
    #[serde(flatten)]
    tokens: TokensAnswer,
}

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
struct TokensAnswer {
    /// For `Authorization: Bearer`; 15 minutes.
    access_token: String,
    /// For `/api/auth/refresh`, once; 7 days.
    refresh_token: String,
    /// `Bearer`.
    token_type: &'static str,
}

impl From<TokenPair> for TokensAnswer {
    fn from(pair: TokenPair) -> Self {
        Self { access_token: pair.access, refresh_token: pair.refresh, token_type: "Bearer" }
    }
}

#[derive(Serialize, ToSchema)]
struct PasswordAnswer {
    message: &'static str,
    #[serde(flatten)]
    tokens: TokensAnswer,
}

#[derive(Serialize, ToSchema)]
struct MessageAnswer {
    message: &'static str,
}

#[derive(Serialize, ToSchema)]
struct VerifyAnswer {
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserBody>,
}

/// Where the request comes from, owned for as long as it is worked on.
struct Caller {
    ip: String,
    agent: Option<String>,
}

impl Caller {
    fn new(client: ClientAddress, headers: &HeaderMap) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned);
        Self { ip: client.0.to_string(), agent }
    }

    fn origin(&self) -> Origin<'_> {
        Origin { ip: Some(&self.ip), user_agent: self.agent.as_deref() }
    }
}

fn logged_in(message: &'static str, logged_in: LoggedIn) -> LoginAnswer {
    LoginAnswer { message, user: UserBody::of(&logged_in.user), tokens: logged_in.tokens.into() }
}

/// Registers a person. They may log in at once; trading waits for the identity check.
#[utoipa::path(
    post,
    path = "/register",
    tag = "auth",
    security(()),
    request_body = RegisterBody,
    responses(
        (status = 201, description = "Registered.", body = LoginAnswer),
        (status = 400, description = "Fields are missing or not valid, or the password is too weak.", body = ProblemBody),
        (status = 409, description = "The address is registered already.", body = ProblemBody),
        (status = 429, description = "Too many registrations from this address.", body = ProblemBody),
    ),
)]
async fn register(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    Json(body): Json<RegisterBody>,
) -> Result<(StatusCode, Answer<LoginAnswer>), Problem> {
    let registration = Registration {
        email: body.email,
        password: SecretString::from(body.password),
        first_name: body.first_name,
        last_name: body.last_name,
        phone_number: body.phone_number,
        company_name: body.company_name,
    };
    let done = state.identity.register(registration, Caller::new(client, &headers).origin()).await?;
    Ok((StatusCode::CREATED, Answer(logged_in("Registration successful", done))))
}

/// Logs in.
#[utoipa::path(
    post,
    path = "/login",
    tag = "auth",
    security(()),
    request_body = LoginBody,
    responses(
        (status = 200, description = "Logged in.", body = LoginAnswer),
        (status = 400, description = "Fields are missing.", body = ProblemBody),
        (status = 401, description = "The address or the password is wrong.", body = ProblemBody),
        (status = 403, description = "The account is suspended or closed.", body = ProblemBody),
        (status = 423, description = "Locked after five failed logins; see Retry-After.", body = ProblemBody),
        (status = 429, description = "Too many logins from this address.", body = ProblemBody),
    ),
)]
async fn login(
    State(state): State<AppState>,
    client: ClientAddress,
    headers: HeaderMap,
    Json(body): Json<LoginBody>,
) -> Result<Answer<LoginAnswer>, Problem> {
    let caller = Caller::new(client, &headers);
    let done = state.identity.login(&body.email, SecretString::from(body.password), caller.origin()).await?;
    for user_id in &done.standing_changed {
        standing::follow(&state, *user_id).await?;
    }
    Ok(Answer(logged_in("Login successful", done)))
}

/// Gives the next pair of tokens for a refresh token (as Bearer, no body). A refresh token works once; shown again, it ends
/// the login it came from.
#[utoipa::path(
    post,
    path = "/refresh",
    tag = "auth",
    responses(
        (status = 200, description = "The next pair.", body = TokensAnswer),
        (status = 401, description = "The refresh token is missing, wrong, spent, expired or revoked.", body = ProblemBody),
    ),
)]
async fn refresh(State(state): State<AppState>, headers: HeaderMap) -> Result<Answer<TokensAnswer>, Problem> {
    let token = auth::bearer(&headers).ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let token = token.ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    Ok(Answer(state.identity.refresh(token).await?.into()))
}

/// Ends this login: its tokens are worth nothing from here on.
#[utoipa::path(
    post,
    path = "/logout",
    tag = "auth",
    responses(
        (status = 200, description = "Logged out.", body = MessageAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn logout(State(state): State<AppState>, user: CurrentUser) -> Result<Answer<MessageAnswer>, Problem> {
    state.identity.logout(&user).await?;
    Ok(Answer(MessageAnswer { message: "Logged out" }))
}

/// Who I am, with profile and identity check.
#[utoipa::path(
    get,
    path = "/me",
    tag = "auth",
    responses(
        (status = 200, description = "The user.", body = UserAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
async fn me(State(state): State<AppState>, current: CurrentUser) -> Result<Answer<UserAnswer>, Problem> {
    super::users::show_me(&state, &current).await.map(Answer)
}

/// Changes the password. All logins end; the answer has tokens of a new one.
#[utoipa::path(
    post,
    path = "/change-password",
    tag = "auth",
    request_body = PasswordBody,
    responses(
        (status = 200, description = "Changed.", body = PasswordAnswer),
        (status = 400, description = "The current password is wrong or the new one too weak.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 423, description = "Locked after five wrong passwords.", body = ProblemBody),
    ),
)]
async fn change_password(
    State(state): State<AppState>,
    user: CurrentUser,
    client: ClientAddress,
    headers: HeaderMap,
    Json(body): Json<PasswordBody>,
) -> Result<Answer<PasswordAnswer>, Problem> {
    let caller = Caller::new(client, &headers);
    let (current, new) = (SecretString::from(body.current_password), SecretString::from(body.new_password));
    let pair = state.identity.change_password(&user, current, new, caller.origin()).await?;
    Ok(Answer(PasswordAnswer { message: "Password changed", tokens: pair.into() }))
}

/// Confirms the e-mail address with the `token` from the mail. Without a token, and logged in, the mail is sent again.
#[utoipa::path(
    post,
    path = "/verify-email",
    tag = "auth",
    request_body = VerifyBody,
    responses(
        (status = 200, description = "Confirmed, or sent.", body = VerifyAnswer),
        (status = 400, description = "The token is wrong, used or expired.", body = ProblemBody),
        (status = 401, description = "Neither a token nor a valid access token.", body = ProblemBody),
    ),
)]
async fn verify_email(
    State(state): State<AppState>,
    current: Option<CurrentUser>,
    body: Body,
) -> Result<Answer<VerifyAnswer>, Problem> {
    let token = if body.bytes().is_empty() { None } else { body.read::<VerifyBody>()?.token };
    if let Some(token) = token {
        let user = state.identity.verify_email(token.trim()).await?;
        let user = standing::follow(&state, user.id).await?;
        return Ok(Answer(VerifyAnswer { message: "E-mail address confirmed", user: Some(UserBody::of(&user)) }));
    }
    let current = current.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    state.identity.send_verification(current.id).await?;
    // Said plainly, because a person would wait for a mail that cannot come.
    let message = "No mail server is configured: the mail with the token is kept in the venue's outbox.";
    Ok(Answer(VerifyAnswer { message, user: None }))
}
