-- What the journal keeps of a request that posts outside a verb. Refusals have the form in which verbs keep theirs.
CREATE FUNCTION ledger_answer_v1(p_outcome smallint, p_account bigint, p_amount bigint, p_available bigint)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE p_outcome
        WHEN 0 THEN 'null'::jsonb
        WHEN 2 THEN jsonb_build_object(
            'code', 'insufficient-funds', 'status', 409,
            'detail', 'What is available in the account doesn''t cover the amount.',
            'params', jsonb_build_object('account', p_account::text, 'amount_minor', p_amount,
                                         'available_minor', p_available))
        WHEN 5 THEN jsonb_build_object(
            'code', 'period-closed', 'status', 409,
            'detail', 'The period of this value date is closed: book a correction with a later one.',
            'params', jsonb_build_object())
    END
$$;

-- The outcome of a replay: 1 for what was posted, else the first refusal again.
CREATE FUNCTION ledger_outcome_of_answer_v1(p_answer jsonb) RETURNS smallint LANGUAGE sql STABLE AS $$
    SELECT CASE p_answer ->> 'code' WHEN 'insufficient-funds' THEN 2 WHEN 'period-closed' THEN 5 ELSE 1 END::smallint
$$;
