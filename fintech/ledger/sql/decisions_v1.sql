-- What a decision has under lock. All its legs share one `recorded_at`, and it takes all its locks in one go, in id
-- order, so that two decisions never wait for each other. Its state is kept in a setting local to the transaction
-- (undone with a savepoint, as the locks are): journal id | last leg | recorded_at | locked accounts.

CREATE FUNCTION ledger_next_transfer_id_v1() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT nextval('public.ledger_transfer_id_seq') $$;

CREATE FUNCTION ledger_remember_v1(p_journal bigint, p_leg integer, p_recorded_at timestamptz, p_locked text)
RETURNS void LANGUAGE sql AS $$
    SELECT set_config('ledger.decision', p_journal || '|' || p_leg || '|' || p_recorded_at || '|' || p_locked, true)
$$;

-- Whether a decision that is under way may touch an account: it locked it at its start, or opened it itself, so that
-- nobody else can see it yet.
CREATE FUNCTION ledger_may_touch_v1(p_journal bigint, p_locked bigint[], p_account bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF p_account = ANY (p_locked)
       OR EXISTS (SELECT FROM ledger_account WHERE number = p_account AND journal_id = p_journal)
       OR NOT EXISTS (SELECT FROM ledger_account WHERE number = p_account) THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'account % is not under this decision''s lock', p_account
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'A decision that posts several times first locks all its accounts in one call.';
END $$;

-- Take part in a decision with these client accounts: locks them, or makes sure that they are under lock already.
CREATE FUNCTION ledger_join_decision_v1(
    p_journal bigint, p_accounts bigint[], OUT recorded_at timestamptz, OUT leg integer
) LANGUAGE plpgsql AS $$
DECLARE
    state  text[] := string_to_array(current_setting('ledger.decision', true), '|');
    locked bigint[];
BEGIN
    PERFORM pg_current_xact_id();
    IF state[1] = p_journal::text THEN
        leg := state[2]::integer;
        recorded_at := state[3]::timestamptz;
        PERFORM ledger_may_touch_v1(p_journal, state[4]::bigint[], account) FROM unnest(p_accounts) AS account;
        RETURN;
    END IF;
    SELECT array_agg(mine.account), max(mine.last_recorded_at) INTO locked, recorded_at
      FROM (SELECT b.account, b.last_recorded_at FROM ledger_balance b
             WHERE b.account = ANY (p_accounts) ORDER BY b.account FOR UPDATE) AS mine;
    leg := 0;
    recorded_at := greatest(clock_timestamp(), recorded_at);
    PERFORM ledger_remember_v1(p_journal, 0, recorded_at, coalesce(locked, '{}')::text);
END $$;

-- The one call with which a verb that posts several times takes all its locks.
CREATE FUNCTION ledger_lock_v1(p_journal bigint, p_accounts bigint[]) RETURNS timestamptz
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT recorded_at FROM ledger_join_decision_v1(p_journal, p_accounts)
$$;

-- Whether a value date stands in a closed period. A shared lock keeps a period from being closed meanwhile.
CREATE FUNCTION ledger_is_closed_v1(p_value_date date) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger_period', 0));
    RETURN EXISTS (SELECT FROM ledger_period WHERE closed_through >= p_value_date);
END $$;
