//! Errors as clients see them: RFC 9457 problems with one table of codes, shared by REST and WebSocket.
//!
//! Handlers return `Result<_, Problem>`. The request's id and path are filled in by the outermost middleware
//! ([`crate::middleware::request_id`]), which knows them.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cx_engine::reject::Reject;
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! own_codes {
    ($($variant:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// What went wrong, as a stable code: the gateway's own codes and every refusal of the exchange core.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $variant,)+
            /// The exchange core refused the command.
            Rejected(Reject),
        }

        impl Code {
            /// The gateway's own codes; those of the core are [`Reject::ALL`].
            pub const OWN: &'static [Self] = &[$(Self::$variant),+];

            /// The name that clients match on.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ Self::Rejected(reject) => reject.code() }
            }

            /// What it means, for a person.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ Self::Rejected(reject) => reject.message() }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ Self::Rejected(reject) => rejected_status(reject) }
            }
        }
    };
}

own_codes! {
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not valid JSON.";
    DuplicateKey = "duplicate_key", BAD_REQUEST, "The body names a field twice.";
    TooDeep = "too_deep", BAD_REQUEST, "The body is nested too deeply.";
    UnknownField = "unknown_field", BAD_REQUEST, "The body has a field that is not known here.";
    MissingFields = "missing_fields", BAD_REQUEST, "Required fields are missing.";
    InvalidValue = "invalid_value", BAD_REQUEST, "A field has a value that is not permitted.";
    TooPrecise = "too_precise", BAD_REQUEST, "A number has more decimal places than are permitted.";
    BadRequest = "bad_request", BAD_REQUEST, "The request cannot be understood.";
    WeakPassword = "weak_password", BAD_REQUEST, "The password does not meet the rules.";
    WrongPassword = "wrong_password", BAD_REQUEST, "The current password is wrong.";
    InvalidVerification = "invalid_verification", BAD_REQUEST, "The verification token is wrong or expired.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "An access token is needed.";
    TokenInvalid = "token_invalid", UNAUTHORIZED, "The token is not valid here.";
    TokenExpired = "token_expired", UNAUTHORIZED, "The token has expired.";
    TokenRevoked = "token_revoked", UNAUTHORIZED, "The token has been revoked.";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The e-mail address or the password is wrong.";
    Forbidden = "forbidden", FORBIDDEN, "Your role does not permit this.";
    AccountSuspended = "account_suspended", FORBIDDEN, "The account is suspended.";
    AccountClosed = "account_closed", FORBIDDEN, "The account is closed.";
    KycRequired = "kyc_required", FORBIDDEN, "Your identity must be verified first.";
    FourEyes = "four_eyes", FORBIDDEN, "Nobody approves what they made themselves.";
    NotFound = "not_found", NOT_FOUND, "There is nothing here by that name.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The route does not take this method.";
    Conflict = "conflict", CONFLICT, "The state of the resource does not permit this.";
    EmailTaken = "email_taken", CONFLICT, "The e-mail address is registered already.";
    IdempotencyKeyNeeded = "idempotency_key_needed", BAD_REQUEST, "This route needs an Idempotency-Key header.";
    IdempotencyMismatch = "idempotency_mismatch", CONFLICT, "The Idempotency-Key was used with a different request.";
    IdempotencyInProgress = "idempotency_in_progress", CONFLICT, "The first request with this Idempotency-Key is still being worked on.";
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.";
    AccountLocked = "account_locked", LOCKED, "The account is locked after too many failed logins.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests.";
    UnsupportedInstrument = "unsupported_instrument", BAD_REQUEST, "Standard contracts are not listed yet: name a symbol, or a project and a vintage.";
    OrderNotOpen = "order_not_open", BAD_REQUEST, "The order is not open any more.";
    UnknownMethod = "unknown_method", NOT_FOUND, "There is no such method.";
    TooManySubscriptions = "too_many_subscriptions", TOO_MANY_REQUESTS, "The connection has as many subscriptions as it may have.";
    TooManyConnections = "too_many_connections", TOO_MANY_REQUESTS, "There are as many connections as there may be.";
    UpgradeRequired = "upgrade_required", UPGRADE_REQUIRED, "This address speaks WebSocket.";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong on our side.";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "The exchange has no room for more commands right now.";
    StorageLow = "storage_low", SERVICE_UNAVAILABLE, "There is little room left on the exchange's disk: only cancellations are taken.";
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "The exchange is shutting down.";
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE, "The database is not available right now.";
    OutcomeUnknown = "outcome_unknown", GATEWAY_TIMEOUT, "Whether the command took effect is not known yet.";
}

/// A refusal of the core as a status: 403 for what is not permitted, 404 for an order that is not there, 409 for what
/// exists already or does not go at this time, 429 for too fast, 503 for a venue that is full or halted, 400 for the rest.
const fn rejected_status(reject: Reject) -> StatusCode {
    match reject {
        Reject::TradingNotPermitted
        | Reject::WithdrawalNotPermitted
        | Reject::ReservedAccount
        | Reject::AccountStopped => StatusCode::FORBIDDEN,
        Reject::UnknownOrder | Reject::UnknownAccount | Reject::UnknownTrade => StatusCode::NOT_FOUND,
        Reject::DuplicateClientOrderId
        | Reject::AlreadyExists
        | Reject::DuplicateReference
        | Reject::AlreadyBusted
        | Reject::LinkedOrder
        | Reject::WrongPhase => StatusCode::CONFLICT,
        Reject::Throttled => StatusCode::TOO_MANY_REQUESTS,
        Reject::LimitReached | Reject::MarketHalted => StatusCode::SERVICE_UNAVAILABLE,
        Reject::UnknownAsset
        | Reject::UnknownInstrument
        | Reject::InsufficientFunds
        | Reject::InsufficientCredits
        | Reject::InvalidPrice
        | Reject::InvalidQuantity
        | Reject::NotionalTooLarge
        | Reject::InvalidAmount
        | Reject::PostOnlyWouldMatch
        | Reject::InvalidCombination
        | Reject::NoChange
        | Reject::QuantityBelowFilled
        | Reject::InvalidDefinition
        | Reject::WrongAssetClass
        | Reject::PriceOutsideCollar
        | Reject::NoReferencePrice
        | Reject::InvalidExpiry
        | Reject::OrderQuantityLimit
        | Reject::OrderNotionalLimit
        | Reject::OpenOrdersLimit
        | Reject::PositionLimit
        | Reject::ExposureLimit
        | Reject::InvalidSetting
        | Reject::NotSupported => StatusCode::BAD_REQUEST,
    }
}

impl Code {
    /// Every code there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::OWN.iter().copied().chain(Reject::ALL.iter().copied().map(Self::Rejected))
    }
}

impl From<Reject> for Code {
    fn from(reject: Reject) -> Self {
        Self::Rejected(reject)
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Which field, with dots for nested ones; empty for the body as a whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inside>);

#[derive(Debug, Clone)]
struct Inside {
    code: Code,
    status: StatusCode,
    detail: Option<String>,
    error: Option<String>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of this kind, with the code's own status and words.
    pub fn new(code: impl Into<Code>) -> Self {
        let code = code.into();
        let status = code.status();
        Self(Box::new(Inside { code, status, detail: None, error: None, errors: Vec::new(), headers: Vec::new() }))
    }

    /// Nothing here by that name (or not for this user).
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound).detail(format!("There is no such {what}."))
    }

    /// One field has a value that is not permitted.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::new(Code::InvalidValue).field(field, message)
    }

    /// Logs the cause and tells the client no more than that it was ours.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(Code::Internal)
    }

    /// Says more about this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Sets the short text that existing clients read.
    #[must_use]
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.0.error = Some(error.into());
        self
    }

    /// Blames a field.
    #[must_use]
    pub fn field(mut self, field: &str, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { field: field.to_owned(), message: message.into() });
        self
    }

    /// Answers with another status than the code's own, where the route's meaning differs.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Asks the client to wait so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The status that it answers with.
    pub fn http_status(&self) -> StatusCode {
        self.0.status
    }

    /// What it says to a person.
    pub fn message(&self) -> &str {
        match (&self.0.detail, self.0.errors.as_slice()) {
            (Some(detail), _) => detail,
            (None, [only]) => &only.message,
            _ => self.0.code.title(),
        }
    }

    /// What is wrong with which field.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The answer's body; `instance` is the request's path.
    pub fn body(&self, request_id: &str, instance: &str) -> ProblemBody {
        let code = self.0.code;
        let detail = self.message().to_owned();
        ProblemBody {
            kind: format!("urn:carbonxchange:problem:{}", code.as_str()),
            title: code.title().to_owned(),
            status: self.0.status.as_u16(),
            instance: instance.to_owned(),
            code: code.as_str().to_owned(),
            request_id: request_id.to_owned(),
            errors: self.0.errors.clone(),
            error: self.0.error.clone().unwrap_or_else(|| code.title().to_owned()),
            message: detail.clone(),
            status_code: self.0.status.as_u16(),
            detail,
        }
    }

    /// The whole answer, once the request is known.
    pub fn render(&self, request_id: &str, instance: &str) -> Response {
        let mut answer = (self.0.status, Json(self.body(request_id, instance))).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        for (name, value) in &self.0.headers {
            headers.insert(name.clone(), value.clone());
        }
        answer
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.message())
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut answer = self.render("", "");
        answer.extensions_mut().insert(self);
        answer
    }
}

/// A problem as it is written: RFC 9457, then the house's fields, then what existing clients read.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The kind of problem, as a URN that ends with the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence, for a person.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// A stable code to match on.
    pub code: String,
    /// Names this request in our logs.
    pub request_id: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldError>,
    /// Short text for existing clients.
    pub error: String,
    /// The same as `detail`, for existing clients.
    pub message: String,
    /// The same as `status`, for existing clients.
    pub status_code: u16,
}

impl From<cx_store::StoreError> for Problem {
    fn from(error: cx_store::StoreError) -> Self {
        use cx_store::StoreError;
        match &error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Conflict { .. } => Self::new(Code::Conflict).detail("It exists already."),
            StoreError::WrongState { what, status } => {
                Self::new(Code::Conflict).detail(format!("The {what} is {status}."))
            }
            StoreError::FourEyes(_) => Self::new(Code::FourEyes),
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is not available");
                Self::new(Code::DatabaseUnavailable).retry_after(5)
            }
            _ => Self::internal(&format!("{error}: {error:?}")),
        }
    }
}

impl From<cx_pipeline::SubmitError> for Problem {
    fn from(error: cx_pipeline::SubmitError) -> Self {
        match error {
            cx_pipeline::SubmitError::Overloaded => Self::new(Code::Overloaded).retry_after(1),
            cx_pipeline::SubmitError::StorageLow => Self::new(Code::StorageLow).retry_after(60),
            cx_pipeline::SubmitError::ShuttingDown => Self::new(Code::ShuttingDown).retry_after(10),
        }
    }
}

impl From<cx_pipeline::Lost> for Problem {
    fn from(_: cx_pipeline::Lost) -> Self {
        Self::new(Code::OutcomeUnknown)
    }
}

#[cfg(test)]
mod tests;
