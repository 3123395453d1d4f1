-- Set money aside. Outcomes: 0 held, 2 insufficient, 3 no such account.
CREATE FUNCTION ledger_hold_v1(
    p_journal bigint, p_account bigint, p_amount bigint, p_code smallint, p_expires_at timestamptz,
    OUT outcome smallint, OUT hold_id bigint, OUT client_id uuid, OUT recorded_at timestamptz, OUT available bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    enough boolean;
BEGIN
    SELECT joined.recorded_at INTO recorded_at FROM ledger_join_decision_v1(p_journal, ARRAY[p_account]) AS joined;
    SELECT b.client_id, b.balance - b.held, NOT b.floored OR b.balance - b.held >= p_amount
      INTO client_id, available, enough FROM ledger_balance AS b WHERE b.account = p_account;
    outcome := CASE WHEN NOT FOUND THEN 3 WHEN enough THEN 0 ELSE 2 END;
    IF outcome <> 0 THEN
        RETURN;
    END IF;
    hold_id := nextval('ledger_hold_id_seq');
    INSERT INTO ledger_hold (id, account, client_id, amount, code, journal_id, expires_at, recorded_at)
    VALUES (hold_id, p_account, client_id, p_amount, p_code, p_journal, p_expires_at, recorded_at);
    UPDATE ledger_balance SET held = held + p_amount, last_recorded_at = ledger_hold_v1.recorded_at
     WHERE account = p_account;
END $$;

-- What is left of a hold. Under the account's lock, this is final.
CREATE FUNCTION ledger_hold_remaining_v1(p_hold bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT c.remaining FROM ledger_hold_change AS c
                      WHERE c.hold_id = p_hold ORDER BY c.number DESC LIMIT 1), h.amount)
      FROM ledger_hold AS h WHERE h.id = p_hold
$$;

-- Write a change of a hold whose account is under lock.
CREATE FUNCTION ledger_write_hold_change_v1(
    p_journal bigint, p_hold bigint, p_kind smallint, p_amount bigint, p_remaining bigint, p_transfer bigint,
    p_recorded_at timestamptz
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO ledger_hold_change (id, hold_id, number, kind, amount, remaining, transfer_id, journal_id, recorded_at)
    SELECT nextval('ledger_hold_change_id_seq'), p_hold, coalesce(max(number), 0) + 1, p_kind, p_amount, p_remaining,
           p_transfer, p_journal, p_recorded_at
      FROM ledger_hold_change WHERE hold_id = p_hold
$$;

-- Take part of a hold's decision: lock its account and say what is left, and whether `p_amount` (all of it when null)
-- may be taken. Outcomes: 0 yes, 3 no such hold, 6 more than is left, 7 expired (for posting) or not yet (to expire).
CREATE FUNCTION ledger_join_hold_v1(
    p_journal bigint, p_hold bigint, p_kind smallint, p_amount bigint,
    OUT outcome smallint, OUT account bigint, OUT amount bigint, OUT remaining bigint, OUT recorded_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    expires_at timestamptz;
BEGIN
    outcome := 3;
    SELECT h.account, h.expires_at INTO account, expires_at FROM ledger_hold AS h WHERE h.id = p_hold;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT j.recorded_at INTO recorded_at FROM ledger_join_decision_v1(p_journal, ARRAY[account]) AS j;
    remaining := ledger_hold_remaining_v1(p_hold);
    amount := coalesce(p_amount, remaining);
    outcome := CASE WHEN remaining = 0 OR amount > remaining THEN 6
                    WHEN p_kind = 1 AND expires_at <= recorded_at THEN 7
                    WHEN p_kind = 3 AND (expires_at <= recorded_at) IS NOT TRUE THEN 7
                    ELSE 0 END;
END $$;

-- Release a hold (kind 2) or let it expire (3), in part or (null) all that is left.
CREATE FUNCTION ledger_release_hold_v1(
    p_journal bigint, p_hold bigint, p_kind smallint, p_amount bigint,
    OUT outcome smallint, OUT amount bigint, OUT remaining bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    joined record;
BEGIN
    SELECT * INTO joined FROM ledger_join_hold_v1(p_journal, p_hold, p_kind, p_amount);
    outcome := joined.outcome;
    amount := joined.amount;
    remaining := joined.remaining;
    IF outcome <> 0 THEN
        RETURN;
    END IF;
    remaining := remaining - amount;
    PERFORM ledger_write_hold_change_v1(p_journal, p_hold, p_kind, amount, remaining, NULL, joined.recorded_at);
    UPDATE ledger_balance SET held = held - ledger_release_hold_v1.amount, last_recorded_at = joined.recorded_at
     WHERE account = joined.account;
END $$;

-- Post a hold to a house account, in part or (null) all that is left: the money leaves what is held and the balance
-- at once. Outcomes of `ledger_join_hold_v1`, and those of posting.
CREATE FUNCTION ledger_post_hold_v1(
    p_journal bigint, p_hold bigint, p_credit bigint, p_amount bigint, p_code smallint, p_reference uuid,
    OUT outcome smallint, OUT transfer_id bigint, OUT debit bigint, OUT amount bigint, OUT remaining bigint,
    OUT code smallint, OUT leg smallint, OUT client_id uuid, OUT client_balance bigint, OUT client_seq bigint,
    OUT recorded_at timestamptz, OUT value_date date
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    joined record;
    posted record;
BEGIN
    SELECT * INTO joined FROM ledger_join_hold_v1(p_journal, p_hold, 1::smallint, p_amount);
    outcome := joined.outcome;
    remaining := joined.remaining;
    amount := joined.amount;
    debit := joined.account;
    IF outcome <> 0 THEN
        RETURN;
    END IF;
    code := coalesce(p_code, (SELECT h.code FROM ledger_hold AS h WHERE h.id = p_hold));
    UPDATE ledger_balance AS b SET held = b.held - ledger_post_hold_v1.amount WHERE b.account = debit;
    SELECT * INTO posted FROM ledger_post_one_v1(p_journal, debit, p_credit, amount, code, NULL, NULL,
                                           p_reference);
    outcome := posted.outcome;
    IF outcome <> 0 THEN
        -- Only a credit account that doesn't exist leads here; what was let go above is held again.
        UPDATE ledger_balance AS b SET held = b.held + ledger_post_hold_v1.amount WHERE b.account = debit;
        RETURN;
    END IF;
    remaining := remaining - amount;
    PERFORM ledger_write_hold_change_v1(p_journal, p_hold, 1::smallint, amount, remaining, posted.transfer_id,
                                        posted.recorded_at);
    transfer_id := posted.transfer_id;
    leg := posted.leg;
    client_id := posted.client_id;
    client_balance := posted.client_balance;
    client_seq := posted.client_seq;
    recorded_at := posted.recorded_at;
    value_date := posted.value_date;
END $$;
