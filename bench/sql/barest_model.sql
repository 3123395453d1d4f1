-- The barest ledger that can still be replayed and can't go below zero: a transfer is one row, a client's balance
-- another; no journal, no facts, no periods, no holds, no protection from changes. One call posts.
CREATE TABLE bare_balance (
    account bigint PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
CREATE TABLE bare_transfer (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key           uuid NOT NULL UNIQUE,
    debit         bigint NOT NULL,
    credit        bigint NOT NULL,
    amount        bigint NOT NULL CHECK (amount > 0),
    balance_after bigint NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (debit <> credit)
);
CREATE INDEX ON bare_transfer (debit, id);
CREATE INDEX ON bare_transfer (credit, id);
INSERT INTO bare_balance SELECT client, 1000000000000 FROM generate_series(1, 10000) AS client;
CREATE FUNCTION bare_post(p_key uuid, p_client bigint, p_house bigint, p_amount bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    posted bigint;
BEGIN
    WITH moved AS (
        UPDATE bare_balance SET balance = balance - p_amount WHERE account = p_client RETURNING balance
    )
    INSERT INTO bare_transfer (key, debit, credit, amount, balance_after)
    SELECT p_key, p_client, p_house, p_amount, balance FROM moved RETURNING id INTO STRICT posted;
    RETURN posted;
END $$;
ANALYZE;
