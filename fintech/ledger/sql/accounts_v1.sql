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

-- Open house accounts that don't exist yet.
CREATE FUNCTION ledger_open_house_v1(p_journal bigint, p_numbers bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO ledger_account (number, kind, client_id, journal_id, opened_at)
    SELECT number, 0, '00000000-0000-0000-0000-000000000000', p_journal, clock_timestamp()
      FROM (SELECT DISTINCT asked.number FROM unnest(p_numbers) AS asked (number)
             WHERE asked.number < 0 AND NOT EXISTS (SELECT FROM ledger_account AS a WHERE a.number = asked.number)
             ORDER BY 1) AS missing
        ON CONFLICT DO NOTHING
$$;
