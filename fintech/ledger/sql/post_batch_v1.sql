-- Which items the floors let through, one after another, each judged on its end state: an exact replay of posting
-- them one by one. Gives the outcome of every item, and of an insufficient one the account and what it has.
-- Items come as the places of their legs: item i owns the legs from `p_starts[i]` on, up to the next item's.
CREATE FUNCTION ledger_judge_in_turn_v1(
    p_outcomes smallint[], p_starts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[],
    OUT outcomes smallint[], OUT short_accounts bigint[], OUT short_amounts bigint[], OUT short_available bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    accounts  bigint[];
    available bigint[];
    moved     record;
    place     integer;
BEGIN
    SELECT array_agg(b.account), array_agg(b.balance - b.held) INTO accounts, available
      FROM ledger_balance AS b WHERE b.floored AND b.account = ANY (p_debits || p_credits);
    outcomes := p_outcomes;
    FOR item IN 1 .. cardinality(p_starts) LOOP
        CONTINUE WHEN outcomes[item] <> 0;
        FOR moved IN
            SELECT greatest(l.debit, l.credit) AS account,
                   sum(CASE WHEN l.debit > 0 THEN -l.amount ELSE l.amount END)::bigint AS change
              FROM unnest(p_debits[p_starts[item]:coalesce(p_starts[item + 1] - 1, cardinality(p_debits))],
                          p_credits[p_starts[item]:coalesce(p_starts[item + 1] - 1, cardinality(p_debits))],
                          p_amounts[p_starts[item]:coalesce(p_starts[item + 1] - 1, cardinality(p_debits))])
                   AS l (debit, credit, amount)
             WHERE greatest(l.debit, l.credit) = ANY (accounts) GROUP BY 1 ORDER BY 1
        LOOP
            place := array_position(accounts, moved.account);
            IF moved.change < 0 AND available[place] + moved.change < 0 AND outcomes[item] = 0 THEN
                outcomes[item] := 2;
                short_accounts[item] := moved.account;
                short_amounts[item] := -moved.change;
                short_available[item] := available[place];
            END IF;
        END LOOP;
        CONTINUE WHEN outcomes[item] <> 0;
        FOR moved IN
            SELECT greatest(l.debit, l.credit) AS account,
                   sum(CASE WHEN l.debit > 0 THEN -l.amount ELSE l.amount END)::bigint AS change
              FROM unnest(p_debits[p_starts[item]:coalesce(p_starts[item + 1] - 1, cardinality(p_debits))],
                          p_credits[p_starts[item]:coalesce(p_starts[item + 1] - 1, cardinality(p_debits))],
                          p_amounts[p_starts[item]:coalesce(p_starts[item + 1] - 1, cardinality(p_debits))])
                   AS l (debit, credit, amount)
             WHERE greatest(l.debit, l.credit) = ANY (accounts) GROUP BY 1
        LOOP
            place := array_position(accounts, moved.account);
            available[place] := available[place] + moved.change;
        END LOOP;
    END LOOP;
END $$;
