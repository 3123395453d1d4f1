-- Longer than any transaction may last (`transaction_timeout` of the roles is far below): what was recorded that long
-- ago is final.
CREATE FUNCTION ledger_longest_transaction_v1() RETURNS interval LANGUAGE sql IMMUTABLE AS
    $$ SELECT interval '1 hour' $$;

-- Wait, a moment at most, until nothing can be recorded at `p_at` or before any more. Whoever records takes their
-- transaction id first and reads the clock after it; so once the clock has passed `p_at`, an id is drawn here, and
-- when all older transactions have ended, the past up to `p_at` is final.
CREATE FUNCTION ledger_wait_until_final_v1(p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    deadline constant timestamptz := clock_timestamp() + interval '250 milliseconds';
    drawn    xid8;
    seen     pg_snapshot;
BEGIN
    -- A transaction that has an id already drew it too early to tell anything.
    IF p_at < clock_timestamp() AND pg_current_xact_id_if_assigned() IS NULL THEN
        drawn := pg_current_xact_id();
        LOOP
            -- A snapshot ends past the last transaction that has ended; those that run beyond it aren't listed.
            seen := pg_current_snapshot();
            IF pg_snapshot_xmax(seen) >= drawn
               AND NOT EXISTS (SELECT FROM pg_snapshot_xip(seen) AS running WHERE running < drawn) THEN
                RETURN;
            END IF;
            EXIT WHEN clock_timestamp() > deadline;
            PERFORM pg_sleep(0.002);
        END LOOP;
    END IF;
    RAISE EXCEPTION 'the balance as of % could still change', p_at
        USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;

-- A house account's balance over all transfers up to an id: the last snapshot before it, and the tail.
CREATE FUNCTION ledger_house_balance_v1(p_account bigint, p_through_id bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH base AS (
        SELECT coalesce(max(s.through_id), 0) AS through_id, coalesce((array_agg(s.balance))[1], 0) AS balance
          FROM (SELECT through_id, balance FROM ledger_snapshot
                 WHERE account = p_account AND through_id <= p_through_id ORDER BY through_id DESC LIMIT 1) AS s
    )
    SELECT (base.balance
            + coalesce((SELECT sum(amount) FROM ledger_transfer
                         WHERE credit = p_account AND credit < 0 AND id > base.through_id AND id <= p_through_id), 0)
            - coalesce((SELECT sum(amount) FROM ledger_transfer
                         WHERE debit = p_account AND debit < 0 AND id > base.through_id AND id <= p_through_id), 0)
           )::bigint FROM base
$$;

-- The balance of any account as of a moment, by look-up; 0 before its first transfer.
CREATE FUNCTION ledger_balance_as_of_v1(p_account bigint, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_balance bigint;
BEGIN
    IF p_at >= clock_timestamp() - ledger_longest_transaction_v1() THEN
        PERFORM ledger_wait_until_final_v1(p_at);
    END IF;
    IF p_account > 0 THEN
        SELECT client_balance INTO found_balance FROM ledger_transfer
         WHERE client_account = p_account AND recorded_at <= p_at ORDER BY recorded_at DESC, id DESC LIMIT 1;
        IF FOUND THEN
            RETURN found_balance;
        END IF;
    ELSE
        WITH base AS (
            SELECT coalesce(max(s.through_id), 0) AS through_id, coalesce((array_agg(s.balance))[1], 0) AS balance
              FROM (SELECT through_id, balance FROM ledger_snapshot
                     WHERE account = p_account AND last_recorded_at <= p_at ORDER BY through_id DESC LIMIT 1) AS s
        )
        SELECT base.balance
               + coalesce((SELECT sum(amount) FROM ledger_transfer WHERE credit = p_account AND credit < 0
                              AND id > base.through_id AND recorded_at <= p_at), 0)
               - coalesce((SELECT sum(amount) FROM ledger_transfer WHERE debit = p_account AND debit < 0
                              AND id > base.through_id AND recorded_at <= p_at), 0)
          INTO found_balance FROM base;
    END IF;
    RETURN coalesce(found_balance, 0);
END $$;

-- A page of an account's transfers, oldest first, after the transfer `p_after` (null: from the first).
CREATE FUNCTION ledger_statement_v1(p_account bigint, p_after bigint, p_limit integer) RETURNS SETOF ledger_transfer
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_account > 0 THEN
        RETURN QUERY SELECT t.* FROM ledger_transfer AS t
            WHERE t.client_account = p_account
              AND (t.recorded_at, t.id) > (coalesce((SELECT recorded_at FROM ledger_transfer WHERE id = p_after),
                                                    '-infinity'), coalesce(p_after, 0))
            ORDER BY t.recorded_at, t.id LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT * FROM (
            (SELECT * FROM ledger_transfer WHERE debit = p_account AND debit < 0 AND id > coalesce(p_after, 0)
              ORDER BY id LIMIT p_limit)
            UNION ALL
            (SELECT * FROM ledger_transfer WHERE credit = p_account AND credit < 0 AND id > coalesce(p_after, 0)
              ORDER BY id LIMIT p_limit)) AS both_sides ORDER BY id LIMIT p_limit;
    END IF;
END $$;

-- The same, newest first, before the transfer `p_before` (null: from the last).
CREATE FUNCTION ledger_latest_v1(p_account bigint, p_before bigint, p_limit integer) RETURNS SETOF ledger_transfer
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_account > 0 THEN
        RETURN QUERY SELECT t.* FROM ledger_transfer AS t
            WHERE t.client_account = p_account
              AND (t.recorded_at, t.id) < (coalesce((SELECT recorded_at FROM ledger_transfer WHERE id = p_before),
                                                    'infinity'), coalesce(p_before, 9223372036854775807))
            ORDER BY t.recorded_at DESC, t.id DESC LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT * FROM (
            (SELECT * FROM ledger_transfer WHERE debit = p_account AND debit < 0
                AND id < coalesce(p_before, 9223372036854775807) ORDER BY id DESC LIMIT p_limit)
            UNION ALL
            (SELECT * FROM ledger_transfer WHERE credit = p_account AND credit < 0
                AND id < coalesce(p_before, 9223372036854775807) ORDER BY id DESC LIMIT p_limit))
            AS both_sides ORDER BY id DESC LIMIT p_limit;
    END IF;
END $$;
