-- The last transfer id that is final: null when an open transaction could still show a lower one within a moment.
-- Whoever posts takes their transaction id before they draw a transfer's; so the last id drawn is read here first, then
-- a transaction id is drawn, and once every older transaction has ended nothing can come before that id.
CREATE FUNCTION ledger_final_id_v1() RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    deadline constant timestamptz := clock_timestamp() + interval '250 milliseconds';
    last_id  bigint;
    drawn    xid8;
    seen     pg_snapshot;
BEGIN
    -- A transaction that has an id already drew it too early to tell anything.
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RETURN NULL;
    END IF;
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO last_id FROM ledger_transfer_id_seq;
    drawn := pg_current_xact_id();
    LOOP
        seen := pg_current_snapshot();
        IF pg_snapshot_xmax(seen) >= drawn
           AND NOT EXISTS (SELECT FROM pg_snapshot_xip(seen) AS running WHERE running < drawn) THEN
            RETURN last_id;
        END IF;
        EXIT WHEN clock_timestamp() > deadline;
        PERFORM pg_sleep(0.002);
    END LOOP;
    RETURN NULL;
END $$;

-- House accounts with at least so many transfers since their last snapshot, up to a final id.
CREATE FUNCTION ledger_snapshots_due_v1(p_tail integer, p_through_id bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT a.number
      FROM ledger_account AS a,
           LATERAL (SELECT coalesce(max(s.through_id), 0) AS through_id
                      FROM ledger_snapshot AS s WHERE s.account = a.number) AS last
     WHERE a.number < 0
       AND (SELECT count(*) FROM (
               (SELECT FROM ledger_transfer AS t WHERE t.debit = a.number AND t.debit < 0
                   AND t.id > last.through_id AND t.id <= p_through_id LIMIT p_tail)
               UNION ALL
               (SELECT FROM ledger_transfer AS t WHERE t.credit = a.number AND t.credit < 0
                   AND t.id > last.through_id AND t.id <= p_through_id LIMIT p_tail)) AS tail) >= p_tail
     ORDER BY a.number
$$;

-- Holds whose time is over and of which something is left, those that ended first before the others.
CREATE FUNCTION ledger_holds_to_expire_v1(p_limit integer) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT h.id FROM ledger_hold AS h
     WHERE h.expires_at <= clock_timestamp() AND ledger_hold_remaining_v1(h.id) > 0
     ORDER BY h.expires_at, h.id LIMIT p_limit
$$;
