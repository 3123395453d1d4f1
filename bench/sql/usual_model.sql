-- The usual model of a double-entry ledger: a journal, two entries for each posting, running balances on both accounts.
-- As good as it gets: balances stand apart from the accounts that foreign keys refer to, with room for HOT updates.
-- It has no idempotency keys, no floors, no check of the sum, and nothing that keeps rows from being changed.
CREATE TABLE account (id bigint PRIMARY KEY, currency char(3) NOT NULL);
CREATE TABLE balance (
    account_id bigint PRIMARY KEY REFERENCES account,
    balance    bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
CREATE TABLE journal (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        smallint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE entry (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journal_id bigint NOT NULL REFERENCES journal,
    account_id bigint NOT NULL REFERENCES account,
    amount     bigint NOT NULL
);
CREATE INDEX entry_of_journal ON entry (journal_id);
CREATE INDEX entry_of_account ON entry (account_id, id);
-- Account 0 is the house's, the one that every posting touches.
INSERT INTO account SELECT id, 'EUR' FROM generate_series(0, 10000) AS id;
INSERT INTO balance SELECT id, 1000000000000 FROM generate_series(0, 10000) AS id;

-- For bare commits: one row, one index.
CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value bigint NOT NULL);
ANALYZE;
