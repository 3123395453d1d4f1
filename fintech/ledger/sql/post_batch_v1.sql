-- Give the items of these legs another outcome, where they still stand.
CREATE FUNCTION ledger_rule_out_v1(p_outcomes smallint[], p_items integer[], p_places integer[], p_outcome smallint)
RETURNS smallint[] LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. coalesce(cardinality(p_places), 0) LOOP
        IF p_outcomes[p_items[p_places[i]]] = 0 THEN
            p_outcomes[p_items[p_places[i]]] := p_outcome;
        END IF;
    END LOOP;
    RETURN p_outcomes;
END $$;

-- Write the legs of the items that stand.
CREATE FUNCTION ledger_write_standing_v1(
    p_standing boolean[], p_journal_ids bigint[], p_items integer[], p_legs smallint[], p_debits bigint[],
    p_credits bigint[], p_amounts bigint[], p_codes smallint[], p_value_dates date[], p_references uuid[],
    p_corrects bigint[], p_recorded_at timestamptz
) RETURNS void LANGUAGE sql AS $$
    SELECT ledger_write_many_v1(array_agg(p_journal_ids[item] ORDER BY n), array_agg(leg ORDER BY n),
                                array_agg(debit ORDER BY n), array_agg(credit ORDER BY n),
                                array_agg(amount ORDER BY n), array_agg(code ORDER BY n),
                                array_agg(value_date ORDER BY n), array_agg(reference ORDER BY n),
                                array_agg(corrects ORDER BY n), p_recorded_at)
      FROM unnest(p_standing, p_items, p_legs, p_debits, p_credits, p_amounts, p_codes, p_value_dates, p_references,
                  p_corrects)
           WITH ORDINALITY AS l (standing, item, leg, debit, credit, amount, code, value_date, reference, corrects, n)
     WHERE standing HAVING count(*) > 0
$$;

-- Which of the items still standing (outcome 0) the floors let through, one after another, each judged on its end
-- state: what posting them one by one would give. Of an insufficient one also the account, and what it needs and has.
CREATE FUNCTION ledger_judge_in_turn_v1(
    p_outcomes smallint[], p_items integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[],
    OUT outcomes smallint[], OUT short_accounts bigint[], OUT short_amounts bigint[], OUT short_available bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    floored   bigint[];
    available bigint[];
    item      record;
    place     integer;
BEGIN
    outcomes := p_outcomes;
    short_accounts := array_fill(NULL::bigint, ARRAY[cardinality(p_outcomes)]);
    short_amounts := short_accounts;
    short_available := short_accounts;
    SELECT array_agg(b.account), array_agg(b.balance - b.held) INTO floored, available
      FROM ledger_balance AS b WHERE b.floored AND b.account = ANY (p_debits || p_credits);
    <<each_item>>
    FOR item IN
        SELECT moved.number, array_agg(moved.account) AS accounts, array_agg(moved.change) AS changes
          FROM (SELECT l.number, greatest(l.debit, l.credit) AS account,
                       sum(CASE WHEN l.debit > 0 THEN -l.amount ELSE l.amount END)::bigint AS change
                  FROM unnest(p_items, p_debits, p_credits, p_amounts) AS l (number, debit, credit, amount)
                 WHERE p_outcomes[l.number] = 0 AND greatest(l.debit, l.credit) = ANY (floored)
                 GROUP BY 1, 2 ORDER BY 1, 2) AS moved
         GROUP BY moved.number ORDER BY moved.number
    LOOP
        FOR i IN 1 .. cardinality(item.accounts) LOOP
            place := array_position(floored, item.accounts[i]);
            IF item.changes[i] < 0 AND available[place] + item.changes[i] < 0 THEN
                outcomes[item.number] := 2;
                short_accounts[item.number] := item.accounts[i];
                short_amounts[item.number] := -item.changes[i];
                short_available[item.number] := available[place];
                CONTINUE each_item;
            END IF;
        END LOOP;
        FOR i IN 1 .. cardinality(item.accounts) LOOP
            place := array_position(floored, item.accounts[i]);
            available[place] := available[place] + item.changes[i];
        END LOOP;
    END LOOP;
END $$;

-- Whether the items still standing could cross a floor at all: every debit counts, no credit does.
CREATE FUNCTION ledger_could_fall_short_v1(p_debits bigint[], p_amounts bigint[], p_standing boolean[])
RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (
        SELECT FROM (SELECT debit, sum(amount) AS amount FROM unnest(p_debits, p_amounts, p_standing)
                         AS l (debit, amount, standing) WHERE debit > 0 AND standing GROUP BY debit) AS taken
          JOIN ledger_balance AS b ON b.account = taken.debit
         WHERE b.floored AND b.balance - b.held < taken.amount)
$$;

-- Post many items outside every decision, each a request of its own with its key, journal row and outcome (those of
-- `ledger_post_keyed_v1`). Keys differ from each other. Leg n belongs to item `p_items[n]`, where it is number
-- `p_legs[n]`; legs stand in the order of their items. All items share one `recorded_at`.
CREATE FUNCTION ledger_post_batch_v1(
    p_principal text, p_operation text, p_actor text, p_request_id text, p_reason text, p_keys text[],
    p_hashes bytea[], p_items integer[], p_legs smallint[], p_debits bigint[], p_credits bigint[], p_amounts bigint[],
    p_codes smallint[], p_client_ids uuid[], p_value_dates date[], p_references uuid[],
    p_corrects bigint[],
    OUT outcomes smallint[], OUT journal_ids bigint[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    batch_moment timestamptz;
    earlier     bigint[];
    standing    boolean[];
    judged      record;
BEGIN
    PERFORM pg_current_xact_id();
    PERFORM pg_advisory_xact_lock(turn)
       FROM (SELECT DISTINCT hashtextextended(p_principal || chr(31) || p_operation || chr(31) || key, 0) AS turn
               FROM unnest(p_keys) AS key ORDER BY 1) AS turns;
    SELECT greatest(clock_timestamp(), max(last_recorded_at)) INTO batch_moment
      FROM (SELECT last_recorded_at FROM ledger_balance
             WHERE account = ANY (p_debits || p_credits) ORDER BY account FOR UPDATE) AS locked;
    -- LATERAL with a LIMIT: one look-up for each key, and no join that reads all of this principal's.
    SELECT array_agg(CASE WHEN e.id IS NULL THEN 0 WHEN e.payload_hash = i.hash
                          THEN ledger_outcome_of_answer_v1(e.answer) ELSE 4 END ORDER BY i.place),
           array_agg(e.id ORDER BY i.place)
      INTO outcomes, earlier
      FROM unnest(p_keys, p_hashes) WITH ORDINALITY AS i (key, hash, place)
      LEFT JOIN LATERAL (SELECT j.id, j.payload_hash, j.answer FROM journal_entry AS j
                          WHERE j.principal = p_principal AND j.operation = p_operation AND j.key = i.key
                          LIMIT 1) AS e ON true;
    outcomes := ledger_rule_out_v1(outcomes, p_items, ledger_unknown_legs_v1(p_debits, p_credits, p_client_ids),
                                   3::smallint);
    IF array_remove(p_value_dates, NULL) <> '{}' THEN
        outcomes := ledger_rule_out_v1(outcomes, p_items, ARRAY(
            SELECT place::integer FROM unnest(p_value_dates) WITH ORDINALITY AS d (value_date, place)
             WHERE value_date IS NOT NULL AND ledger_is_closed_v1(value_date)), 5::smallint);
    END IF;
    standing := ARRAY(SELECT outcomes[item] = 0 FROM unnest(p_items) WITH ORDINALITY AS l (item, n) ORDER BY n);
    IF ledger_could_fall_short_v1(p_debits, p_amounts, standing) THEN
        SELECT * INTO judged
          FROM ledger_judge_in_turn_v1(outcomes, p_items, p_debits, p_credits, p_amounts);
        outcomes := judged.outcomes;
        standing := ARRAY(SELECT outcomes[item] = 0 FROM unnest(p_items) WITH ORDINALITY AS l (item, n) ORDER BY n);
    ELSE
        SELECT NULL::bigint[] AS short_accounts, NULL::bigint[] AS short_amounts, NULL::bigint[] AS short_available
          INTO judged;
    END IF;
    journal_ids := ARRAY(
        SELECT CASE WHEN outcomes[i] IN (0, 2, 5) AND earlier[i] IS NULL THEN nextval('journal_entry_id_seq')
                    ELSE earlier[i] END
          FROM generate_series(1, cardinality(p_keys)) AS i ORDER BY i);
    PERFORM ledger_write_standing_v1(standing, journal_ids, p_items, p_legs, p_debits, p_credits, p_amounts, p_codes,
                                     p_value_dates, p_references, p_corrects, batch_moment);
    INSERT INTO journal_entry (id, principal, operation, key, payload_hash, outcome, answer, recorded_at, actor,
                               request_id, reason)
    SELECT journal_ids[i], p_principal, p_operation, p_keys[i], p_hashes[i],
           CASE WHEN outcomes[i] = 0 THEN 'done' ELSE 'refused' END,
           ledger_answer_v1(outcomes[i], judged.short_accounts[i], judged.short_amounts[i],
                            judged.short_available[i]),
           batch_moment, p_actor, p_request_id, p_reason
      FROM generate_series(1, cardinality(p_keys)) AS i
     WHERE earlier[i] IS NULL AND journal_ids[i] IS NOT NULL;
END $$;
