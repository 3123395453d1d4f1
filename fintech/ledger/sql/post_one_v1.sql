-- Post one transfer inside a decision. Outcomes: 0 posted, 2 insufficient, 3 no such account (of this client), 5 period
-- closed; nothing is written but by 0. The order is fixed: transaction id, then lock and decide (one UPDATE), then the
-- transfer's id, then the transfer.
CREATE FUNCTION ledger_post_one_v1(
    p_journal bigint, p_debit bigint, p_credit bigint, p_amount bigint, p_code smallint, p_client_id uuid,
    p_value_date date, p_reference uuid,
    OUT outcome smallint, OUT transfer_id bigint, OUT leg smallint, OUT client_id uuid, OUT client_balance bigint,
    OUT client_seq bigint, OUT recorded_at timestamptz, OUT value_date date, OUT available bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- Assigned, not PERFORMed: an expression alone costs a tenth of a statement.
    transaction_id constant xid8 := pg_current_xact_id();
    client         constant bigint := greatest(p_debit, p_credit);
    house          constant bigint := least(p_debit, p_credit);
    change         constant bigint := CASE WHEN p_debit > 0 THEN -p_amount ELSE p_amount END;
    state          text[] := string_to_array(current_setting('ledger.decision', true), '|');
    moment         timestamptz;
    covered        boolean;
BEGIN
    IF p_value_date IS NOT NULL AND ledger_is_closed_v1(p_value_date) THEN
        outcome := 5;
        RETURN;
    END IF;
    IF state[1] = p_journal::text THEN
        moment := state[3]::timestamptz;
        IF client > 0 THEN
            state[1] := ledger_may_touch_v1(p_journal, state[4]::bigint[], client)::text;
        END IF;
    ELSE
        state := ARRAY[NULL, '0', NULL, CASE WHEN client > 0 THEN '{' || client || '}' ELSE '{}' END];
    END IF;
    leg := state[2]::smallint + 1;
    IF client > 0 THEN
        -- The UPDATE is lock, decision and new balance at once; only then is the transfer's id drawn.
        WITH moved AS (
            UPDATE ledger_balance AS b
               SET balance = b.balance + change, seq = b.seq + 1,
                   last_recorded_at = greatest(coalesce(moment, clock_timestamp()), b.last_recorded_at)
             WHERE b.account = client AND b.client_id = coalesce(p_client_id, b.client_id)
               AND (change > 0 OR NOT b.floored OR b.balance - b.held >= p_amount)
               AND EXISTS (SELECT FROM ledger_account AS a WHERE a.number = house)
            RETURNING b.client_id, b.balance, b.seq, b.last_recorded_at
        )
        INSERT INTO ledger_transfer AS t (id, journal_id, debit, credit, amount, client_balance, client_seq,
                                          recorded_at, client_id, value_date, code, leg, reference)
        SELECT ledger_next_transfer_id_v1(), p_journal, p_debit, p_credit, p_amount, m.balance, m.seq,
               m.last_recorded_at, m.client_id,
               coalesce(p_value_date, (m.last_recorded_at AT TIME ZONE 'UTC')::date), p_code,
               ledger_post_one_v1.leg, p_reference
          FROM moved AS m
        RETURNING t.id, t.client_id, t.client_balance, t.client_seq, t.recorded_at, t.value_date
             INTO transfer_id, client_id, client_balance, client_seq, recorded_at, value_date;
    ELSE
        INSERT INTO ledger_transfer AS t (id, journal_id, debit, credit, amount, recorded_at, client_id, value_date,
                                          code, leg, reference)
        SELECT ledger_next_transfer_id_v1(), p_journal, p_debit, p_credit, p_amount, now.moment,
               coalesce(p_client_id, '00000000-0000-0000-0000-000000000000'),
               coalesce(p_value_date, (now.moment AT TIME ZONE 'UTC')::date), p_code, ledger_post_one_v1.leg,
               p_reference
          FROM (SELECT coalesce(moment, clock_timestamp()) AS moment) AS now
         WHERE (SELECT count(*) FROM ledger_account AS a WHERE a.number IN (p_debit, p_credit)) = 2
        RETURNING t.id, t.client_id, t.recorded_at, t.value_date INTO transfer_id, client_id, recorded_at, value_date;
    END IF;
    IF transfer_id IS NULL THEN
        SELECT b.balance - b.held, change > 0 OR NOT b.floored OR b.balance - b.held >= p_amount
          INTO available, covered FROM ledger_balance AS b
         WHERE b.account = client AND b.client_id = coalesce(p_client_id, b.client_id)
           AND EXISTS (SELECT FROM ledger_account AS a WHERE a.number = house);
        IF covered THEN
            -- This look sees what the first did not: somebody else has just opened the house account, or paid in.
            SELECT again.* INTO outcome, transfer_id, leg, client_id, client_balance, client_seq, recorded_at,
                                value_date, available
              FROM ledger_post_one_v1(p_journal, p_debit, p_credit, p_amount, p_code, p_client_id, p_value_date,
                                      p_reference) AS again;
            RETURN;
        END IF;
        outcome := CASE WHEN available IS NULL THEN 3 ELSE 2 END;
        leg := NULL;
        RETURN;
    END IF;
    outcome := 0;
    state[1] := set_config('ledger.decision', p_journal || '|' || leg || '|' || recorded_at || '|' || state[4], true);
END $$;

-- Post one transfer outside every decision, as a request of its own: its key, its journal row, its outcome. Outcomes
-- are those above, and 1 replayed, 4 key used before for another payload. A refusal has its journal row as well, and
-- is given again to a replay; what can't be judged (3) has none.
--
-- What nearly always happens is one statement: a new key, a client's account that covers the amount, today's value
-- date. It writes all or nothing, by the same order as above; where it writes nothing, the way after it finds out why.
CREATE FUNCTION ledger_post_keyed_v1(
    p_principal text, p_operation text, p_key text, p_hash bytea, p_actor text, p_request_id text, p_reason text,
    p_debit bigint, p_credit bigint, p_amount bigint, p_code smallint, p_client_id uuid, p_value_date date,
    p_reference uuid,
    OUT outcome smallint, OUT journal_id bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    transaction_id constant xid8 := pg_current_xact_id();
    -- Assigned as well: its turn on the key comes before the statement that looks for it.
    its_turn       constant boolean := pg_advisory_xact_lock(
                       hashtextextended(p_principal || chr(31) || p_operation || chr(31) || p_key, 0)) IS NOT NULL;
    new_id         constant bigint := nextval('journal_entry_id_seq');
    client         constant bigint := greatest(p_debit, p_credit);
    house          constant bigint := least(p_debit, p_credit);
    change         constant bigint := CASE WHEN p_debit > 0 THEN -p_amount ELSE p_amount END;
    earlier record;
    posted  record;
BEGIN
    IF client > 0 AND p_value_date IS NULL THEN
        WITH moved AS (
            UPDATE ledger_balance AS b
               SET balance = b.balance + change, seq = b.seq + 1,
                   last_recorded_at = greatest(clock_timestamp(), b.last_recorded_at)
             WHERE b.account = client AND b.client_id = coalesce(p_client_id, b.client_id)
               AND (change > 0 OR NOT b.floored OR b.balance - b.held >= p_amount)
               AND EXISTS (SELECT FROM ledger_account AS a WHERE a.number = house)
               AND NOT EXISTS (SELECT FROM journal_entry AS e WHERE e.principal = p_principal
                                  AND e.operation = p_operation AND e.key = p_key)
            RETURNING b.client_id, b.balance, b.seq, b.last_recorded_at
        ), transfer AS (
            INSERT INTO ledger_transfer (id, journal_id, debit, credit, amount, client_balance, client_seq, recorded_at,
                                         client_id, value_date, code, leg, reference)
            SELECT ledger_next_transfer_id_v1(), new_id, p_debit, p_credit, p_amount, m.balance, m.seq,
                   m.last_recorded_at, m.client_id, (m.last_recorded_at AT TIME ZONE 'UTC')::date, p_code, 1,
                   p_reference
              FROM moved AS m
        )
        INSERT INTO journal_entry (id, principal, operation, key, payload_hash, outcome, answer, recorded_at, actor,
                                   request_id, reason)
        SELECT new_id, p_principal, p_operation, p_key, p_hash, 'done', 'null', m.last_recorded_at, p_actor,
               p_request_id, p_reason
          FROM moved AS m;
        IF FOUND THEN
            outcome := 0;
            journal_id := new_id;
            RETURN;
        END IF;
    END IF;
    SELECT e.id, e.payload_hash, e.answer INTO earlier FROM journal_entry AS e
     WHERE e.principal = p_principal AND e.operation = p_operation AND e.key = p_key;
    IF FOUND THEN
        journal_id := earlier.id;
        outcome := CASE WHEN earlier.payload_hash = p_hash THEN ledger_outcome_of_answer_v1(earlier.answer) ELSE 4 END;
        RETURN;
    END IF;
    journal_id := new_id;
    SELECT * INTO posted
      FROM ledger_post_one_v1(journal_id, p_debit, p_credit, p_amount, p_code, p_client_id, p_value_date, p_reference);
    outcome := posted.outcome;
    IF outcome = 3 THEN
        journal_id := NULL;
        RETURN;
    END IF;
    INSERT INTO journal_entry (id, principal, operation, key, payload_hash, outcome, answer, recorded_at, actor,
                               request_id, reason)
    VALUES (journal_id, p_principal, p_operation, p_key, p_hash, CASE WHEN outcome = 0 THEN 'done' ELSE 'refused' END,
            ledger_answer_v1(outcome, greatest(p_debit, p_credit), p_amount, posted.available),
            coalesce(posted.recorded_at, clock_timestamp()), p_actor, p_request_id, p_reason);
END $$;
