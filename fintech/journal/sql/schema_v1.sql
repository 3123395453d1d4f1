-- One row for each request that changes something, with its answer: refusals too. A retry gets the first answer.
CREATE SEQUENCE journal_entry_id_seq AS bigint;

CREATE TABLE journal_entry (
    id           bigint PRIMARY KEY,
    -- who asked (`client:…`, `staff:…`, `follower:…`), for which verb, under which idempotency key
    principal    text NOT NULL,
    operation    text NOT NULL,
    key          text NOT NULL,
    -- a keyed hash of the request's content: the same key with another content is refused
    payload_hash bytea NOT NULL,
    outcome      text NOT NULL,
    -- ids, amounts and codes only; never personal data
    answer       jsonb NOT NULL,
    recorded_at  timestamptz NOT NULL,
    actor        text NOT NULL,
    request_id   text NOT NULL,
    reason       text NOT NULL,
    -- A request is decided or refused, for good: there is no third state that a crash could leave behind.
    CONSTRAINT journal_entry_outcome CHECK (outcome IN ('done', 'refused')),
    -- One decision for each key of a principal and operation, however often and from wherever it is asked.
    CONSTRAINT journal_entry_once UNIQUE (principal, operation, key)
);

CREATE FUNCTION journal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal only grows: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

-- What was answered once stays answered so, even for the owner of the table.
CREATE TRIGGER journal_entry_frozen BEFORE UPDATE OR DELETE ON journal_entry
    FOR EACH ROW EXECUTE FUNCTION journal_refuse_change();
CREATE TRIGGER journal_entry_kept BEFORE TRUNCATE ON journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change();

-- Opens a decision: names the actor for everything that the transaction captures, then waits for its turn on the
-- key, then looks the key up. Gives the earlier answer, or a new id with no answer.
CREATE FUNCTION journal_begin_v1(
    p_principal text, p_operation text, p_key text, p_actor text, p_request_id text, p_reason text,
    OUT journal_id bigint, OUT found_hash bytea, OUT found_outcome text, OUT found_answer jsonb, OUT begun_at timestamptz
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_current_xact_id();
    PERFORM set_config('fintech.actor', p_actor, true), set_config('fintech.request_id', p_request_id, true),
            set_config('fintech.reason', p_reason, true);
    PERFORM pg_advisory_xact_lock(
        hashtextextended(p_principal || chr(31) || p_operation || chr(31) || p_key, 0));
    begun_at := clock_timestamp();
    SELECT e.id, e.payload_hash, e.outcome, e.answer INTO journal_id, found_hash, found_outcome, found_answer
      FROM journal_entry e
     WHERE e.principal = p_principal AND e.operation = p_operation AND e.key = p_key;
    IF NOT FOUND THEN
        journal_id := nextval('journal_entry_id_seq');
    END IF;
    PERFORM set_config('fintech.journal_id', journal_id::text, true);
END $$;

CREATE FUNCTION journal_finish_v1(
    p_id bigint, p_principal text, p_operation text, p_key text, p_hash bytea, p_outcome text, p_answer jsonb,
    p_actor text, p_request_id text, p_reason text
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO journal_entry (id, principal, operation, key, payload_hash, outcome, answer, recorded_at, actor,
                               request_id, reason)
    VALUES (p_id, p_principal, p_operation, p_key, p_hash, p_outcome, p_answer, clock_timestamp(), p_actor,
            p_request_id, p_reason)
$$;

-- The application reads the journal and writes it through the two functions alone.
DO $$
DECLARE application text := replace(current_user, '_owner', '_app');
BEGIN
    REVOKE ALL ON FUNCTION journal_begin_v1, journal_finish_v1 FROM PUBLIC;
    IF application <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON journal_entry FROM %I', application);
        EXECUTE format('GRANT EXECUTE ON FUNCTION journal_begin_v1, journal_finish_v1 TO %I', application);
    END IF;
END $$;
