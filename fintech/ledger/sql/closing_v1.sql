-- Close the book through a value date. False when it is too early: a transfer without a value date of its own gets
-- the day on which it is recorded (UTC), and its transaction may last until `ledger_longest_transaction_v1` after it.
CREATE FUNCTION ledger_close_period_v1(p_journal bigint, p_through date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_current_xact_id();
    IF p_through >= ((clock_timestamp() - ledger_longest_transaction_v1()) AT TIME ZONE 'UTC')::date THEN
        RETURN false;
    END IF;
    -- Whoever posts with an explicit value date holds this lock shared.
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_period', 0));
    IF NOT EXISTS (SELECT FROM ledger_period WHERE closed_through >= p_through) THEN
        INSERT INTO ledger_period (closed_through, journal_id, closed_at)
        VALUES (p_through, p_journal, clock_timestamp());
    END IF;
    RETURN true;
END $$;

-- Keep a house account's balance over all transfers up to an id, so that its balance needs only the tail after it.
-- `p_through_id` is a horizon of the transfer log: every id up to it is final.
CREATE FUNCTION ledger_take_snapshot_v1(p_account bigint, p_through_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH base AS (
        SELECT coalesce(max(through_id), 0) AS through_id,
               coalesce(max(last_recorded_at), '-infinity') AS last_recorded_at
          FROM ledger_snapshot WHERE account = p_account AND through_id <= p_through_id
    )
    INSERT INTO ledger_snapshot (account, through_id, balance, last_recorded_at, taken_at)
    SELECT p_account, p_through_id, ledger_house_balance_v1(p_account, p_through_id),
           greatest(base.last_recorded_at,
                    (SELECT max(recorded_at) FROM ledger_transfer WHERE credit = p_account AND credit < 0
                        AND id > base.through_id AND id <= p_through_id),
                    (SELECT max(recorded_at) FROM ledger_transfer WHERE debit = p_account AND debit < 0
                        AND id > base.through_id AND id <= p_through_id)),
           clock_timestamp()
      FROM base
        ON CONFLICT DO NOTHING
$$;
