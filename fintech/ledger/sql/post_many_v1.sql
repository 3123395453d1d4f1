-- Write transfers that were decided on, in this order, and set the balances of their client accounts. Those are under
-- lock, and the sums keep every floor: the constraints on balances see end states only.
CREATE FUNCTION ledger_write_many_v1(
    p_journals bigint[], p_legs smallint[], p_debits bigint[], p_credits bigint[], p_amounts bigint[],
    p_codes smallint[], p_value_dates date[], p_references uuid[], p_corrects bigint[], p_recorded_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_transfer (id, journal_id, leg, debit, credit, amount, code, value_date, reference, corrects,
                                 recorded_at, client_id, client_balance, client_seq)
    SELECT ledger_next_transfer_id_v1(), journal_id, leg, debit, credit, amount, code, value_date, reference, corrects,
           p_recorded_at, client_id, client_balance, client_seq
      FROM (SELECT l.journal_id, l.leg, l.debit, l.credit, l.amount, l.code, l.reference, l.corrects,
                   coalesce(l.value_date, (p_recorded_at AT TIME ZONE 'UTC')::date) AS value_date,
                   coalesce(b.client_id, '00000000-0000-0000-0000-000000000000') AS client_id,
                   b.balance + sum(CASE WHEN l.debit > 0 THEN -l.amount ELSE l.amount END)
                       OVER (PARTITION BY b.account ORDER BY l.place) AS client_balance,
                   CASE WHEN b.account IS NOT NULL THEN
                       b.seq + row_number() OVER (PARTITION BY b.account ORDER BY l.place) END AS client_seq
              FROM unnest(p_journals, p_legs, p_debits, p_credits, p_amounts, p_codes, p_value_dates, p_references,
                          p_corrects)
                   WITH ORDINALITY AS l (journal_id, leg, debit, credit, amount, code, value_date, reference, corrects,
                                         place)
              LEFT JOIN ledger_balance AS b ON b.account = greatest(l.debit, l.credit)
             ORDER BY l.place) AS leg;
    UPDATE ledger_balance AS b
       SET balance = b.balance + moved.change, seq = b.seq + moved.transfers, last_recorded_at = p_recorded_at
      FROM (SELECT greatest(debit, credit) AS account, count(*) AS transfers,
                   sum(CASE WHEN debit > 0 THEN -amount ELSE amount END)::bigint AS change
              FROM unnest(p_debits, p_credits, p_amounts) AS l (debit, credit, amount)
             WHERE debit > 0 OR credit > 0 GROUP BY 1) AS moved
     WHERE b.account = moved.account;
END $$;

-- Which of these legs name an account that doesn't exist, or isn't this client's: their places, from 1.
CREATE FUNCTION ledger_unknown_legs_v1(p_debits bigint[], p_credits bigint[], p_client_ids uuid[])
RETURNS integer[] LANGUAGE sql AS $$
    WITH leg AS MATERIALIZED (
        SELECT * FROM unnest(p_debits, p_credits, p_client_ids) WITH ORDINALITY AS l (debit, credit, client_id, place)
    ), known AS MATERIALIZED (
        SELECT array_agg(number) AS houses FROM ledger_account
         WHERE number = ANY (ARRAY(SELECT DISTINCT least(debit, credit) FROM leg UNION
                                   SELECT greatest(debit, credit) FROM leg WHERE debit < 0 AND credit < 0))
    )
    SELECT array_agg(leg.place::integer)
      FROM leg CROSS JOIN known LEFT JOIN ledger_balance AS b ON b.account = greatest(leg.debit, leg.credit)
     WHERE (least(leg.debit, leg.credit) = ANY (known.houses)) IS NOT TRUE
        OR CASE WHEN leg.debit < 0 AND leg.credit < 0
                THEN (greatest(leg.debit, leg.credit) = ANY (known.houses)) IS NOT TRUE
                ELSE b.client_id IS DISTINCT FROM coalesce(leg.client_id, b.client_id) OR b.account IS NULL END
$$;

-- Post linked transfers inside a decision: all or none, judged on their end state. Outcomes as `ledger_post_one_v1`'s;
-- of an insufficient one, the account and what it would need and has.
CREATE FUNCTION ledger_post_linked_v1(
    p_journal bigint, p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_codes smallint[],
    p_client_ids uuid[], p_value_dates date[], p_references uuid[], p_corrects bigint[],
    OUT outcome smallint, OUT first_leg smallint, OUT account bigint, OUT amount bigint, OUT available bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    joined record;
    clients constant bigint[] := ARRAY(SELECT n FROM unnest(p_debits || p_credits) AS n WHERE n > 0);
BEGIN
    PERFORM pg_current_xact_id();
    IF ledger_unknown_legs_v1(p_debits, p_credits, p_client_ids) IS NOT NULL THEN
        outcome := 3;
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(p_value_dates) AS d WHERE d IS NOT NULL AND ledger_is_closed_v1(d)) THEN
        outcome := 5;
        RETURN;
    END IF;
    SELECT * INTO joined FROM ledger_join_decision_v1(p_journal, clients);
    SELECT b.account, -moved.change, b.balance - b.held INTO account, amount, available
      FROM (SELECT greatest(l.debit, l.credit) AS account,
                   sum(CASE WHEN l.debit > 0 THEN -l.amount ELSE l.amount END)::bigint AS change
              FROM unnest(p_debits, p_credits, p_amounts) AS l (debit, credit, amount) GROUP BY 1) AS moved
      JOIN ledger_balance AS b ON b.account = moved.account
     WHERE b.floored AND moved.change < 0 AND b.balance - b.held + moved.change < 0
     ORDER BY b.account LIMIT 1;
    IF FOUND THEN
        outcome := 2;
        RETURN;
    END IF;
    outcome := 0;
    first_leg := joined.leg + 1;
    PERFORM ledger_write_many_v1(
        array_fill(p_journal, ARRAY[cardinality(p_debits)]),
        ARRAY(SELECT joined.leg + place FROM generate_series(1, cardinality(p_debits)) AS place)::smallint[],
        p_debits, p_credits, p_amounts, p_codes, p_value_dates, p_references, p_corrects, joined.recorded_at);
    PERFORM set_config('ledger.decision', regexp_replace(current_setting('ledger.decision'), '\|\d+\|',
                       '|' || joined.leg + cardinality(p_debits) || '|'), true);
END $$;
