-- The ledger of one concern's database (a book): accounts, balances, transfers, holds, closed periods, snapshots.
--
-- Account numbers say two things by themselves: negative is a house account, positive a client's; the last three
-- digits are the ISO 4217 numeric code of the currency. The balance of any account is its credits less its debits.
-- Amounts are whole minor units.

-- Serial numbers of client accounts: number = serial * 1000 + currency. They start high, so that no account number
-- is mistaken for a row number.
CREATE SEQUENCE ledger_account_serial AS bigint START 100001 MAXVALUE 9000000000000;

-- The only source of transfer ids. CACHE 1, and drawn by `ledger_next_transfer_id_v1` after the account's lock, never
-- by a column default: within an account, id order is the order of commits, which those who follow this table need.
CREATE SEQUENCE ledger_transfer_id_seq AS bigint CACHE 1;
CREATE SEQUENCE ledger_hold_id_seq AS bigint CACHE 1;
CREATE SEQUENCE ledger_hold_change_id_seq AS bigint CACHE 1;

CREATE TABLE ledger_account (
    number     bigint PRIMARY KEY,
    -- 0 house, 1 wallet, 2 debt, 3 trading cash, 4 suspense (`AccountKind`)
    kind       smallint NOT NULL,
    -- whose account it is; the nil id is the house
    client_id  uuid NOT NULL,
    -- the decision that opened it
    journal_id bigint NOT NULL,
    opened_at  timestamptz NOT NULL,
    -- A kind that nobody has given a meaning has no floor that anyone could know of.
    CONSTRAINT ledger_account_kind CHECK (kind BETWEEN 0 AND 4),
    -- The number's sign, the kind and the owner say the same thing: ours, or a client's.
    CONSTRAINT ledger_account_side CHECK (
        (number < 0) = (kind = 0) AND (number < 0) = (client_id = '00000000-0000-0000-0000-000000000000')),
    -- Every number names a currency, so no transfer can fall between two.
    CONSTRAINT ledger_account_currency CHECK (abs(number) % 1000 <> 0 AND abs(number) > 1000)
);

-- A client has one wallet, one debt and one suspense account in a currency: opening it twice finds the first.
CREATE UNIQUE INDEX ledger_account_one_per_currency ON ledger_account (client_id, kind, (number % 1000))
    WHERE kind IN (1, 2, 4);

-- Balances stand apart from accounts, in a table that nothing refers to: a hot row's versions slow no look-up.
-- House accounts have no row here, so posting to one of them makes nobody wait.
CREATE TABLE ledger_balance (
    account          bigint PRIMARY KEY REFERENCES ledger_account,
    -- as the account's; here too, so that a transfer needs one look-up and not two
    client_id        uuid NOT NULL,
    floored          boolean NOT NULL,
    balance          bigint NOT NULL DEFAULT 0,
    held             bigint NOT NULL DEFAULT 0,
    -- how many transfers have touched the account
    seq              bigint NOT NULL DEFAULT 0,
    -- no transfer or hold of the account is recorded later than this
    last_recorded_at timestamptz NOT NULL DEFAULT '-infinity',
    -- More can't be released than was held.
    CONSTRAINT ledger_balance_held CHECK (held >= 0),
    -- What is available in a wallet never falls below zero, whatever the code above thinks.
    CONSTRAINT ledger_balance_floor CHECK (NOT floored OR balance - held >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- A transfer is one row with one amount, a debit account and a credit account: an unbalanced one can't be written.
-- The checks are few and short: PostgreSQL reads and plans each anew for every statement.
-- No foreign key to the accounts: posting checks that both exist, accounts are never deleted, and a key check per
-- transfer costs a fifth of the rate.
CREATE TABLE ledger_transfer (
    id             bigint PRIMARY KEY,
    journal_id     bigint NOT NULL,
    debit          bigint NOT NULL,
    credit         bigint NOT NULL,
    amount         bigint NOT NULL,
    -- the client side's balance and sequence number after this transfer; null between house accounts
    client_balance bigint,
    client_seq     bigint,
    -- the transfer that this one corrects
    corrects       bigint,
    -- what the transfer has to do with (a fill, a wallet in the other book), for whoever follows this table
    reference      uuid,
    recorded_at    timestamptz NOT NULL,
    client_account bigint GENERATED ALWAYS AS (
        CASE WHEN debit > 0 THEN debit WHEN credit > 0 THEN credit END) STORED,
    client_id      uuid NOT NULL,
    -- decides the period
    value_date     date NOT NULL,
    code           smallint NOT NULL,
    leg            smallint NOT NULL,
    -- Money doesn't move backwards: the other direction is the other way round.
    CONSTRAINT ledger_transfer_amount CHECK (amount > 0),
    -- At most one side is a client's, so one balance row and one client say all about a transfer. Client to client is
    -- two linked transfers through a house account.
    CONSTRAINT ledger_transfer_one_client CHECK (debit < 0 OR credit < 0),
    -- Never between currencies: a conversion is two transfers through the exchange accounts of its currencies.
    CONSTRAINT ledger_transfer_one_currency CHECK (abs(debit) % 1000 = abs(credit) % 1000),
    -- A transfer from an account to itself says nothing, and counts twice.
    CONSTRAINT ledger_transfer_two_accounts CHECK (debit <> credit),
    -- Whoever looks for a client's money finds every transfer of it. Between house accounts the id is nil, or the
    -- client's on whose behalf money moves there.
    CONSTRAINT ledger_transfer_client CHECK (
        client_account IS NULL OR client_id <> '00000000-0000-0000-0000-000000000000'),
    -- The balance after is known exactly where there is a client's account.
    CONSTRAINT ledger_transfer_client_state CHECK ((client_account IS NULL) = (client_balance IS NULL)),
    -- A decision's legs are numbered, so that none is written twice under one journal row.
    CONSTRAINT ledger_transfer_once UNIQUE (journal_id, leg)
);

-- A client account's statement, and its balance as of a moment by one look-up, of the index alone.
CREATE INDEX ledger_transfer_of_client ON ledger_transfer (client_account, recorded_at, id) INCLUDE (client_balance)
    WHERE client_account IS NOT NULL;
-- A house account's tail since its last snapshot.
CREATE INDEX ledger_transfer_from_house ON ledger_transfer (debit, id) WHERE debit < 0;
CREATE INDEX ledger_transfer_to_house ON ledger_transfer (credit, id) WHERE credit < 0;

-- Money set aside in an account until it is posted, released or expires. What is left of it is told by its changes.
CREATE TABLE ledger_hold (
    id          bigint PRIMARY KEY,
    account     bigint NOT NULL,
    client_id   uuid NOT NULL,
    amount      bigint NOT NULL,
    code        smallint NOT NULL,
    journal_id  bigint NOT NULL,
    expires_at  timestamptz,
    recorded_at timestamptz NOT NULL,
    -- A hold of nothing, or of less, would make money available.
    CONSTRAINT ledger_hold_amount CHECK (amount > 0 AND amount < 1000000000000000000),
    -- The house's own money needs no hold.
    CONSTRAINT ledger_hold_client CHECK (account > 0)
);
CREATE INDEX ledger_hold_of_account ON ledger_hold (account, id);
-- Those that end by themselves, for whoever ends them.
CREATE INDEX ledger_hold_that_expires ON ledger_hold (expires_at, id) WHERE expires_at IS NOT NULL;

CREATE TABLE ledger_hold_change (
    id          bigint PRIMARY KEY,
    hold_id     bigint NOT NULL REFERENCES ledger_hold,
    -- 1, 2, 3 … within the hold
    number      integer NOT NULL,
    -- 1 posted, 2 released, 3 expired (`HoldChangeKind`)
    kind        smallint NOT NULL,
    amount      bigint NOT NULL,
    remaining   bigint NOT NULL,
    transfer_id bigint,
    journal_id  bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT ledger_hold_change_kind CHECK (kind BETWEEN 1 AND 3),
    CONSTRAINT ledger_hold_change_amount CHECK (amount > 0),
    -- Never more than was held.
    CONSTRAINT ledger_hold_change_remaining CHECK (remaining >= 0),
    -- Money that left by a hold did so by a transfer, and only then.
    CONSTRAINT ledger_hold_change_transfer CHECK ((kind = 1) = (transfer_id IS NOT NULL)),
    -- Each change follows on the one before: two that start from the same remainder can't both stand.
    CONSTRAINT ledger_hold_change_once UNIQUE (hold_id, number)
);

-- Periods closed to further transfers, by value date. The latest row counts.
CREATE TABLE ledger_period (
    closed_through date PRIMARY KEY,
    journal_id     bigint NOT NULL,
    closed_at      timestamptz NOT NULL
);

-- A house account's balance over every transfer up to an id that was final when it was taken.
CREATE TABLE ledger_snapshot (
    account          bigint NOT NULL,
    through_id       bigint NOT NULL,
    balance          bigint NOT NULL,
    -- the latest moment recorded among the transfers that it sums up
    last_recorded_at timestamptz NOT NULL,
    taken_at         timestamptz NOT NULL,
    PRIMARY KEY (account, through_id),
    -- Client accounts have a balance after each transfer already.
    CONSTRAINT ledger_snapshot_house CHECK (account < 0)
);

-- What was booked stays booked, even for the owner of the tables: a mistake is corrected by another transfer.
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger only grows: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

DO $$
DECLARE frozen text;
BEGIN
    FOREACH frozen IN ARRAY ARRAY['ledger_account', 'ledger_transfer', 'ledger_hold', 'ledger_hold_change',
                                  'ledger_period', 'ledger_snapshot'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_frozen BEFORE UPDATE OR DELETE ON %1$s
                        FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', frozen);
        EXECUTE format('CREATE TRIGGER %1$s_kept BEFORE TRUNCATE ON %1$s
                        FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', frozen);
    END LOOP;
END $$;

-- Balances change with each transfer, inside the functions; but no row of them ever goes.
CREATE TRIGGER ledger_balance_stays BEFORE DELETE ON ledger_balance
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_balance_kept BEFORE TRUNCATE ON ledger_balance
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
