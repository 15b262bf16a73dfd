-- People: accounts, profiles, identity checks, logins, and mail that waits to be sent.
-- A user's id is the number of the user's account in the exchange core, so ids are never reused.
-- *_at, *_until: microseconds since the epoch, wall time.

CREATE TABLE users (
    id                BIGSERIAL PRIMARY KEY,
    uuid              TEXT    NOT NULL UNIQUE,
    email             TEXT    NOT NULL UNIQUE,
    email_verified_at BIGINT,
    password_hash     TEXT    NOT NULL,
    first_name        TEXT    NOT NULL,
    last_name         TEXT    NOT NULL,
    phone_number      TEXT,
    role              TEXT    NOT NULL CHECK (role IN ('individual', 'corporate', 'institutional', 'broker', 'market_maker', 'admin', 'compliance_officer', 'auditor', 'system', 'verifier')),
    status            TEXT    NOT NULL CHECK (status IN ('pending', 'active', 'suspended', 'closed', 'under_review', 'locked', 'dormant')),
    status_reason     TEXT,
    status_until      BIGINT,
    risk_level        TEXT    NOT NULL CHECK (risk_level IN ('low', 'medium', 'high', 'very_high', 'prohibited')),
    risk_score        BIGINT,
    mfa_enabled       INTEGER NOT NULL CHECK (mfa_enabled IN (0, 1)),
    failed_logins     BIGINT  NOT NULL CHECK (failed_logins >= 0),
    locked_until      BIGINT,
    last_login_at     BIGINT,
    last_login_ip     TEXT,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL
);
CREATE INDEX users_status ON users (status, id);
CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_status_until ON users (status_until) WHERE status_until IS NOT NULL;

-- What a person says about themselves. Empty text means "not said".
CREATE TABLE profiles (
    user_id              BIGINT PRIMARY KEY REFERENCES users (id),
    middle_name          TEXT    NOT NULL DEFAULT '',
    nationality          TEXT    NOT NULL DEFAULT '',
    country_of_residence TEXT    NOT NULL DEFAULT '',
    address_line_1       TEXT    NOT NULL DEFAULT '',
    address_line_2       TEXT    NOT NULL DEFAULT '',
    city                 TEXT    NOT NULL DEFAULT '',
    state_province       TEXT    NOT NULL DEFAULT '',
    postal_code          TEXT    NOT NULL DEFAULT '',
    country              TEXT    NOT NULL DEFAULT '',
    occupation           TEXT    NOT NULL DEFAULT '',
    employer             TEXT    NOT NULL DEFAULT '',
    annual_income        TEXT    NOT NULL DEFAULT '',
    source_of_funds      TEXT    NOT NULL DEFAULT '',
    company_name         TEXT    NOT NULL DEFAULT '',
    trading_experience   TEXT    NOT NULL DEFAULT '',
    trading_objectives   TEXT    NOT NULL DEFAULT '',
    risk_tolerance       TEXT    NOT NULL DEFAULT '',
    preferred_language   TEXT    NOT NULL DEFAULT '',
    timezone             TEXT    NOT NULL DEFAULT '',
    marketing_consent    INTEGER NOT NULL DEFAULT 0 CHECK (marketing_consent IN (0, 1))
);

-- Where each user's identity check stands. How it came there is in user_history.
CREATE TABLE kyc (
    id                BIGSERIAL PRIMARY KEY,
    user_id           BIGINT  NOT NULL UNIQUE REFERENCES users (id),
    status            TEXT    NOT NULL CHECK (status IN ('not_started', 'in_progress', 'pending_review', 'approved', 'rejected', 'expired', 'requires_update')),
    level             BIGINT  NOT NULL CHECK (level BETWEEN 0 AND 9),
    identity_verified INTEGER NOT NULL CHECK (identity_verified IN (0, 1)),
    address_verified  INTEGER NOT NULL CHECK (address_verified IN (0, 1)),
    phone_verified    INTEGER NOT NULL CHECK (phone_verified IN (0, 1)),
    reason            TEXT,
    reviewed_by       BIGINT  REFERENCES users (id),
    submitted_at      BIGINT,
    approved_at       BIGINT,
    expires_at        BIGINT,
    updated_at        BIGINT  NOT NULL,
    CHECK (status <> 'approved' OR (approved_at IS NOT NULL AND level > 0))
);
CREATE INDEX kyc_status ON kyc (status, id);

-- Who did what to whom. Rows are only ever added.
CREATE TABLE user_history (
    id      BIGSERIAL PRIMARY KEY,
    user_id BIGINT  NOT NULL REFERENCES users (id),
    action  TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    reason  TEXT,
    made_by BIGINT,
    made_at BIGINT  NOT NULL
);
CREATE INDEX user_history_user ON user_history (user_id, id);

-- One row a login: the family of all refresh tokens that came from it.
CREATE TABLE sessions (
    id            TEXT   PRIMARY KEY,
    user_id       BIGINT NOT NULL REFERENCES users (id),
    ip            TEXT,
    user_agent    TEXT,
    created_at    BIGINT NOT NULL,
    refreshed_at  BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    revoked_at    BIGINT,
    revoke_reason TEXT
);
CREATE INDEX sessions_user ON sessions (user_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_age ON sessions (expires_at);

-- A refresh token is spent once; its jti alone opens nothing, because tokens are signed.
CREATE TABLE refresh_tokens (
    jti        TEXT   PRIMARY KEY,
    session_id TEXT   NOT NULL REFERENCES sessions (id),
    expires_at BIGINT NOT NULL,
    spent_at   BIGINT
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_age ON refresh_tokens (expires_at);

-- Tokens sent by mail, by their SHA-256.
CREATE TABLE mail_tokens (
    token_hash TEXT   PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    purpose    TEXT   NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    email      TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, purpose);

-- Mail that waits to be sent. While no mail server is configured it stays here.
CREATE TABLE outbox (
    id         BIGSERIAL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    kind       TEXT   NOT NULL,
    recipient  TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at    BIGINT
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE sent_at IS NULL;

-- The history is evidence: nothing changes it once it is written (refuse_change comes from 0001).
CREATE TRIGGER user_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON user_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
