-- Projects, vintages, and the serial ledger.
-- *_at: microseconds since the epoch, wall time. *_on: a day, YYYY-MM-DD. Quantities: tonnes.

CREATE TABLE projects (
    id                  BIGSERIAL PRIMARY KEY,
    uuid                TEXT    NOT NULL UNIQUE,
    registry            TEXT    NOT NULL CHECK (registry IN ('VCS', 'GS', 'ACR', 'CAR', 'ART', 'PURO', 'CX')),
    -- The project's number there, without letters.
    number              TEXT    NOT NULL,
    -- 1 once the registry's list of projects was read; 0 while only issuances and retirements have named it.
    listed              INTEGER NOT NULL CHECK (listed IN (0, 1)),
    name                TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    project_type        TEXT    NOT NULL CHECK (project_type IN ('renewable_energy', 'reforestation', 'afforestation', 'methane_capture', 'energy_efficiency', 'industrial_process', 'transportation', 'agriculture', 'waste_management', 'blue_carbon', 'direct_air_capture', 'biochar', 'nature_based_solutions', 'cookstoves', 'landfill_gas')),
    -- The registry's own words for the type.
    registry_type       TEXT    NOT NULL,
    status              TEXT    NOT NULL CHECK (status IN ('development', 'validation', 'registered', 'active', 'suspended', 'completed', 'cancelled', 'under_review')),
    validation_status   TEXT    NOT NULL CHECK (validation_status IN ('not_started', 'in_progress', 'pending_review', 'verified', 'rejected', 'expired')),
    standard            TEXT    CHECK (standard IN ('vcs', 'cdm', 'gold_standard', 'car', 'acr', 'plan_vivo', 'ccbs', 'redd_plus', 'ji', 'corsia')),
    -- ISO 3166-1 alpha-2; XZ for several countries.
    country             TEXT    NOT NULL,
    region              TEXT    NOT NULL,
    methodology         TEXT    NOT NULL,
    developer           TEXT    NOT NULL,
    annual_reductions   BIGINT  CHECK (annual_reductions >= 0),
    total_reductions    BIGINT  CHECK (total_reductions >= 0),
    starts_on           TEXT,
    ends_on             TEXT,
    registered_on       TEXT,
    -- 3,7,13
    sdgs                TEXT    NOT NULL,
    -- One a line.
    co_benefits         TEXT    NOT NULL DEFAULT '',
    permanence_risk     TEXT    NOT NULL DEFAULT '',
    leakage_risk        TEXT    NOT NULL DEFAULT '',
    overall_risk        TEXT    NOT NULL DEFAULT '',
    -- In units of 0.0001 of the currency.
    estimated_price     BIGINT  CHECK (estimated_price >= 0),
    price_currency      TEXT    NOT NULL DEFAULT 'USD',
    onchain_project_id  TEXT,
    created_by          BIGINT  REFERENCES users (id),
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL,
    UNIQUE (registry, number)
);
CREATE INDEX projects_type ON projects (project_type, id);
CREATE INDEX projects_status ON projects (status, id);
CREATE INDEX projects_country ON projects (country, id);

-- What was issued for one year of a project. The figures follow from issuances and blocks, and are kept up in the same
-- transaction: available = issued - buffer - retired - cancelled, never below zero.
CREATE TABLE vintages (
    id         BIGSERIAL PRIMARY KEY,
    project_id BIGINT  NOT NULL REFERENCES projects (id),
    year       BIGINT  NOT NULL CHECK (year BETWEEN 1990 AND 2200),
    starts_on  TEXT,
    ends_on    TEXT,
    issued     BIGINT  NOT NULL DEFAULT 0 CHECK (issued >= 0),
    buffer     BIGINT  NOT NULL DEFAULT 0 CHECK (buffer >= 0),
    retired    BIGINT  NOT NULL DEFAULT 0 CHECK (retired >= 0),
    cancelled  BIGINT  NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    available  BIGINT  NOT NULL DEFAULT 0 CHECK (available >= 0),
    UNIQUE (project_id, year)
);

-- Issuances that a registry publishes without serials.
CREATE TABLE issuances (
    id         BIGSERIAL PRIMARY KEY,
    vintage_id BIGINT  NOT NULL REFERENCES vintages (id),
    issued_on  TEXT    NOT NULL,
    quantity   BIGINT  NOT NULL CHECK (quantity > 0),
    -- Which of several of that day and size.
    ordinal    BIGINT  NOT NULL CHECK (ordinal >= 0),
    buffer     BIGINT  NOT NULL CHECK (buffer BETWEEN 0 AND quantity),
    cancelled  BIGINT  NOT NULL CHECK (cancelled BETWEEN 0 AND quantity),
    UNIQUE (vintage_id, issued_on, quantity, ordinal)
);

-- Within what serial numbers are unique. Whoever changes blocks of a scope raises its revision first: that makes
-- writers of one scope wait for each other.
CREATE TABLE serial_scopes (
    id       BIGSERIAL PRIMARY KEY,
    registry TEXT    NOT NULL,
    scope    TEXT    NOT NULL,
    revision BIGINT  NOT NULL DEFAULT 0,
    UNIQUE (registry, scope)
);

-- Blocks of serial-numbered credits. Blocks of one scope are disjoint; a block is split, never dropped.
CREATE TABLE credit_blocks (
    id                   BIGSERIAL PRIMARY KEY,
    uuid                 TEXT    NOT NULL UNIQUE,
    scope_id             BIGINT  NOT NULL REFERENCES serial_scopes (id),
    vintage_id           BIGINT  NOT NULL REFERENCES vintages (id),
    serial_number        TEXT    NOT NULL,
    batch                TEXT    NOT NULL,
    first_number         BIGINT  NOT NULL CHECK (first_number >= 0),
    last_number          BIGINT  NOT NULL,
    quantity             BIGINT  NOT NULL CHECK (quantity > 0),
    status               TEXT    NOT NULL CHECK (status IN ('pending', 'active', 'on_hold', 'retired', 'cancelled', 'expired', 'buffer')),
    -- The account that was credited with it here; NULL while it lies at its registry with somebody else.
    owner_id             BIGINT  REFERENCES users (id),
    -- 1 while it waits for its owner to be credited, if it was at its registry before; 0 if it was entered for this.
    claimed              INTEGER NOT NULL DEFAULT 0 CHECK (claimed IN (0, 1)),
    starts_on            TEXT,
    ends_on              TEXT,
    issued_on            TEXT,
    ended_on             TEXT,
    -- One a line.
    labels               TEXT    NOT NULL,
    verification_body    TEXT    NOT NULL DEFAULT '',
    verified_on          TEXT,
    additionality        INTEGER NOT NULL DEFAULT 0 CHECK (additionality IN (0, 1)),
    -- In units of 0.0001 of the currency.
    price                BIGINT  CHECK (price >= 0),
    price_currency       TEXT    NOT NULL DEFAULT 'USD',
    created_by           BIGINT  REFERENCES users (id),
    created_at           BIGINT  NOT NULL,
    updated_at           BIGINT  NOT NULL,
    CHECK (last_number - first_number + 1 = quantity)
);
CREATE UNIQUE INDEX credit_blocks_first ON credit_blocks (scope_id, first_number);
CREATE INDEX credit_blocks_vintage ON credit_blocks (vintage_id, status);
CREATE INDEX credit_blocks_owner ON credit_blocks (owner_id, id) WHERE owner_id IS NOT NULL;
CREATE INDEX credit_blocks_pending ON credit_blocks (id) WHERE status = 'pending';

-- Because blocks of a scope are disjoint, only the last one that begins before the new one's end can reach into it.
CREATE FUNCTION credit_blocks_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- A block that its owner was never credited with may go; every other one stays.
        IF OLD.status <> 'pending' THEN
            RAISE EXCEPTION 'credit_blocks: a block is never deleted' USING ERRCODE = 'check_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status IN ('retired', 'cancelled', 'expired') AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'credit_blocks: the status is final' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.first_number <= (SELECT last_number FROM credit_blocks WHERE scope_id = NEW.scope_id AND id <> NEW.id
                            AND first_number <= NEW.last_number ORDER BY first_number DESC LIMIT 1) THEN
        RAISE EXCEPTION 'credit_blocks: serial numbers overlap' USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER credit_blocks_guard BEFORE INSERT OR UPDATE OR DELETE ON credit_blocks
FOR EACH ROW EXECUTE FUNCTION credit_blocks_guard();
