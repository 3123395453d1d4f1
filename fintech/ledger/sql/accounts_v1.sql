-- Open a client's account and give its number. A wallet, debt or suspense account that the client has already in
-- this currency is found instead of opened.
CREATE FUNCTION ledger_open_account_v1(p_journal bigint, p_kind smallint, p_client_id uuid, p_currency integer)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    opened bigint;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT number INTO opened FROM ledger_account
     WHERE kind IN (1, 2, 4) AND kind = p_kind AND client_id = p_client_id AND number % 1000 = p_currency;
    IF FOUND THEN
        RETURN opened;
    END IF;
    INSERT INTO ledger_account (number, kind, client_id, journal_id, opened_at)
    VALUES (nextval('ledger_account_serial') * 1000 + p_currency, p_kind, p_client_id, p_journal, clock_timestamp())
        ON CONFLICT DO NOTHING RETURNING number INTO opened;
    IF NOT FOUND THEN
        -- Another decision opened it meanwhile, and has committed.
        RETURN (SELECT number FROM ledger_account
                 WHERE kind = p_kind AND client_id = p_client_id AND number % 1000 = p_currency);
    END IF;
    INSERT INTO ledger_balance (account, client_id, floored) VALUES (opened, p_client_id, p_kind IN (1, 4));
    RETURN opened;
END $$;

-- Open house accounts that don't exist yet. Two decisions that open the same one would wait for each other; one that
-- holds clients' accounts under lock doesn't wait but fails, and is tried again by its verb, as after any such clash.
CREATE FUNCTION ledger_open_house_v1(p_journal bigint, p_numbers bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    state  constant text[] := string_to_array(current_setting('ledger.decision', true), '|');
    waits  constant boolean := coalesce(state[1] <> p_journal::text OR state[4] = '{}', true);
    opened bigint;
BEGIN
    PERFORM pg_current_xact_id();
    FOR opened IN
        SELECT DISTINCT asked.number FROM unnest(p_numbers) AS asked (number)
         WHERE NOT EXISTS (SELECT FROM ledger_account AS a WHERE a.number = asked.number) ORDER BY 1
    LOOP
        IF waits THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('ledger_house' || opened, 0));
        ELSIF NOT pg_try_advisory_xact_lock(hashtextextended('ledger_house' || opened, 0)) THEN
            RAISE EXCEPTION 'house account % is being opened by another decision', opened
                USING ERRCODE = 'serialization_failure';
        END IF;
        INSERT INTO ledger_account (number, kind, client_id, journal_id, opened_at)
        VALUES (opened, 0, '00000000-0000-0000-0000-000000000000', p_journal, clock_timestamp())
            ON CONFLICT DO NOTHING;
    END LOOP;
END $$;
