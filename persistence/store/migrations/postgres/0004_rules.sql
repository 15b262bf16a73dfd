-- Every order type and venue rule: stops, orders by cash, auctions, reversed trades, and what the venue's staff decided.

ALTER TABLE orders ADD COLUMN stop_price BIGINT;
ALTER TABLE orders ADD COLUMN triggered INTEGER NOT NULL DEFAULT 0 CHECK (triggered IN (0, 1));
ALTER TABLE orders ADD COLUMN quote_quantity BIGINT NOT NULL DEFAULT 0;
ALTER TABLE trades ADD COLUMN auction INTEGER NOT NULL DEFAULT 0 CHECK (auction IN (0, 1));

-- Trades that were reversed. Rows are only ever added, as those of trades are; the ledger's lines of a reversal bear its event.
CREATE TABLE busts (
    trade   BIGINT PRIMARY KEY REFERENCES trades (id),
    seq     BIGINT NOT NULL,
    idx     BIGINT NOT NULL,
    time_ns BIGINT NOT NULL
);

-- Phases, halts, bands, fees, limits, groups, kill switches and busts, in the order in which they took effect. The core does
-- not know who decided; the journal position leads to the request. Rows are only ever added.
CREATE TABLE control_events (
    seq        BIGINT NOT NULL,
    idx        BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    account    BIGINT,
    instrument BIGINT,
    -- What was decided: a JSON object of integers, words and flags, in the core's units.
    fields     TEXT   NOT NULL,
    time_ns    BIGINT NOT NULL,
    PRIMARY KEY (seq, idx)
);
CREATE INDEX control_events_account ON control_events (account, seq) WHERE account IS NOT NULL;
CREATE INDEX control_events_instrument ON control_events (instrument, seq) WHERE instrument IS NOT NULL;

CREATE TRIGGER busts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON busts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER control_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
