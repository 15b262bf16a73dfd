-- What the sink derives from the exchange's events, and the gateway's wallet requests.
-- Column types are those that sqlx's Any driver carries on both databases: INTEGER, BIGINT, TEXT, BYTEA.
-- The same tables as sqlite/0001_core.sql, plus what only a server can do: rows that refuse change, views for analysts.
-- *_ns: nanoseconds since the epoch, engine time. *_at: microseconds since the epoch, wall time.
-- Prices are ticks, quantities lots, amounts minor units of their asset.

CREATE TABLE assets (
    id      BIGINT PRIMARY KEY,
    code    TEXT    NOT NULL UNIQUE,
    class   TEXT    NOT NULL CHECK (class IN ('cash', 'credit')),
    scale   INTEGER NOT NULL CHECK (scale BETWEEN 0 AND 9),
    seq     BIGINT  NOT NULL,
    time_ns BIGINT  NOT NULL
);

CREATE TABLE instruments (
    id            BIGINT PRIMARY KEY,
    symbol        TEXT    NOT NULL UNIQUE,
    base_asset    BIGINT  NOT NULL REFERENCES assets (id),
    quote_asset   BIGINT  NOT NULL REFERENCES assets (id),
    tick_value    BIGINT  NOT NULL CHECK (tick_value > 0),
    price_max     BIGINT  NOT NULL,
    maker_fee_ppm BIGINT  NOT NULL,
    taker_fee_ppm BIGINT  NOT NULL,
    seq           BIGINT  NOT NULL,
    time_ns       BIGINT  NOT NULL
);

-- What accounts were permitted, step by step.
CREATE TABLE permissions (
    seq      BIGINT PRIMARY KEY,
    account  BIGINT  NOT NULL,
    trade    INTEGER NOT NULL CHECK (trade IN (0, 1)),
    withdraw INTEGER NOT NULL CHECK (withdraw IN (0, 1)),
    time_ns  BIGINT  NOT NULL
);
CREATE INDEX permissions_account ON permissions (account, seq);

-- One row an order, accepted or refused; the key is the journal position of the command that placed it.
-- instrument is not a foreign key, because an order may be refused for naming an instrument that does not exist.
CREATE TABLE orders (
    seq             BIGINT PRIMARY KEY,
    handle          BIGINT,
    account         BIGINT  NOT NULL,
    instrument      BIGINT  NOT NULL,
    side            TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
    kind            TEXT    NOT NULL CHECK (kind IN ('limit', 'market', 'stop', 'stop_limit', 'trailing_stop')),
    time_in_force   TEXT    NOT NULL,
    post_only       INTEGER NOT NULL CHECK (post_only IN (0, 1)),
    self_trade      TEXT    NOT NULL CHECK (self_trade IN ('cancel_newest', 'cancel_oldest', 'cancel_both', 'decrement')),
    display         BIGINT  NOT NULL CHECK (display >= 0),
    expires_ns      BIGINT  NOT NULL,
    price           BIGINT,
    quantity        BIGINT  NOT NULL,
    filled          BIGINT  NOT NULL CHECK (filled BETWEEN 0 AND quantity),
    notional        BIGINT  NOT NULL,
    fees            BIGINT  NOT NULL,
    status          TEXT    NOT NULL CHECK (status IN ('open', 'partially_filled', 'filled', 'cancelled', 'expired', 'rejected')),
    client_order_id TEXT,
    reject_reason   TEXT,
    cancel_reason   TEXT,
    created_ns      BIGINT  NOT NULL,
    updated_ns      BIGINT  NOT NULL,
    closed_ns       BIGINT,
    CHECK ((closed_ns IS NULL) = (status IN ('open', 'partially_filled'))),
    CHECK ((handle IS NULL) = (status = 'rejected'))
);
CREATE INDEX orders_account ON orders (account, seq);
CREATE INDEX orders_open ON orders (account, seq) WHERE closed_ns IS NULL;
CREATE INDEX orders_client ON orders (account, client_order_id, seq) WHERE client_order_id IS NOT NULL;

CREATE TABLE trades (
    id            BIGINT PRIMARY KEY,
    seq           BIGINT  NOT NULL,
    idx           BIGINT  NOT NULL,
    instrument    BIGINT  NOT NULL,
    taker_side    TEXT    NOT NULL CHECK (taker_side IN ('buy', 'sell')),
    price         BIGINT  NOT NULL,
    quantity      BIGINT  NOT NULL CHECK (quantity > 0),
    tick_value    BIGINT  NOT NULL,
    notional      BIGINT  NOT NULL,
    maker_order   BIGINT  NOT NULL,
    taker_order   BIGINT  NOT NULL,
    maker_account BIGINT  NOT NULL,
    taker_account BIGINT  NOT NULL,
    maker_fee     BIGINT  NOT NULL CHECK (maker_fee >= -taker_fee),
    taker_fee     BIGINT  NOT NULL CHECK (taker_fee >= 0),
    time_ns       BIGINT  NOT NULL
);
CREATE INDEX trades_instrument ON trades (instrument, time_ns, id);
CREATE INDEX trades_maker ON trades (maker_account, id);
CREATE INDEX trades_taker ON trades (taker_account, id);

-- Double entry. A line is named by its event and its place in it; the lines of an event sum to zero per asset.
-- Accounts above 0 are users, 0 is the venue, those below 0 are the outside (see ledger.rs).
CREATE TABLE postings (
    seq     BIGINT  NOT NULL,
    idx     BIGINT  NOT NULL,
    line    BIGINT  NOT NULL,
    account BIGINT  NOT NULL,
    asset   BIGINT  NOT NULL,
    amount  BIGINT  NOT NULL CHECK (amount <> 0),
    kind    TEXT    NOT NULL,
    time_ns BIGINT  NOT NULL,
    PRIMARY KEY (seq, idx, line)
);
CREATE INDEX postings_account ON postings (account, asset, seq);

-- How far the sink has come. Moves in the same transaction as the rows above.
CREATE TABLE sink_cursor (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    seq     BIGINT  NOT NULL,
    time_ns BIGINT  NOT NULL,
    events  BIGINT  NOT NULL,
    orders  BIGINT  NOT NULL,
    trades  BIGINT  NOT NULL
);
INSERT INTO sink_cursor (id, seq, time_ns, events, orders, trades) VALUES (1, 0, 0, 0, 0, 0);

-- Requests to move cash in or out. The id is the reference of the core's movement, so each takes effect once.
CREATE TABLE transactions (
    id          BIGSERIAL PRIMARY KEY,
    account     BIGINT  NOT NULL,
    type        TEXT    NOT NULL CHECK (type IN ('deposit', 'withdrawal')),
    status      TEXT    NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    asset       BIGINT  NOT NULL,
    amount      BIGINT  NOT NULL CHECK (amount > 0),
    reference   TEXT,
    destination TEXT,
    reason      TEXT,
    created_by  BIGINT  NOT NULL,
    approved_by BIGINT,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL,
    seq         BIGINT
);
CREATE INDEX transactions_account ON transactions (account, id);
CREATE INDEX transactions_waiting ON transactions (id) WHERE status IN ('pending', 'processing');

-- Answers of POST requests that move money or credits, by the client's Idempotency-Key.
CREATE TABLE idempotency (
    account    BIGINT  NOT NULL,
    key        TEXT    NOT NULL,
    route      TEXT    NOT NULL,
    body_hash  BYTEA   NOT NULL,
    subject    BIGINT,
    status     INTEGER,
    body       TEXT,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (account, route, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Trades and postings are evidence: nothing changes them once they are written.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER trades_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trades
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- For analysts: decimals and dates. Microseconds, because that is what timestamptz holds.
CREATE FUNCTION engine_time(ns BIGINT) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT timestamptz 'epoch' + (ns / 1000) * interval '1 microsecond' $$;
CREATE FUNCTION in_units(minor NUMERIC, scale INTEGER) RETURNS NUMERIC LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT round(minor / power(10::numeric, scale), scale) $$;

CREATE VIEW trades_decimal AS
SELECT t.id, t.seq, t.idx, i.symbol, t.taker_side,
       in_units(t.price::numeric * t.tick_value, q.scale) AS price,
       in_units(t.quantity, b.scale) AS quantity,
       in_units(t.notional, q.scale) AS notional,
       q.code AS currency, t.maker_order, t.taker_order, t.maker_account, t.taker_account,
       in_units(t.maker_fee, q.scale) AS maker_fee, in_units(t.taker_fee, q.scale) AS taker_fee,
       engine_time(t.time_ns) AS executed_at
FROM trades t
JOIN instruments i ON i.id = t.instrument
JOIN assets b ON b.id = i.base_asset
JOIN assets q ON q.id = i.quote_asset;

CREATE VIEW orders_decimal AS
SELECT o.seq, o.account, i.symbol, o.side, o.kind, o.time_in_force, o.post_only = 1 AS post_only,
       in_units(o.price::numeric * i.tick_value, q.scale) AS price,
       in_units(o.quantity, b.scale) AS quantity,
       in_units(o.filled, b.scale) AS filled,
       in_units(o.notional, q.scale) AS notional,
       in_units(o.fees, q.scale) AS fees,
       q.code AS currency, o.status, o.client_order_id, o.reject_reason, o.cancel_reason,
       engine_time(o.created_ns) AS created_at, engine_time(o.updated_ns) AS updated_at, engine_time(o.closed_ns) AS closed_at
FROM orders o
LEFT JOIN instruments i ON i.id = o.instrument
LEFT JOIN assets b ON b.id = i.base_asset
LEFT JOIN assets q ON q.id = i.quote_asset;

CREATE VIEW postings_decimal AS
SELECT p.seq, p.idx, p.line, p.account, a.code AS asset, in_units(p.amount, a.scale) AS amount, p.kind,
       engine_time(p.time_ns) AS posted_at
FROM postings p
JOIN assets a ON a.id = p.asset;
