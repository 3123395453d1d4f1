-- The keys under which personal data is sealed: one for each person and retention class, wrapped by the cell's
-- master key. A destroyed key leaves its row behind.
CREATE TABLE privacy_key (
    person_id    uuid NOT NULL,
    retention    text NOT NULL,
    -- null once destroyed; useless without the master key, which is in no database
    wrapped      bytea,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    -- Two transactions that seal for the same new person end with one key.
    PRIMARY KEY (person_id, retention),
    -- A key is there or destroyed, never both and never neither.
    CONSTRAINT privacy_key_is_kept_or_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL)),
    -- Each class has a number in every ciphertext: data of a class that the code doesn't know couldn't be opened.
    CONSTRAINT privacy_key_retention_is_known CHECK (retention IN ('identity', 'payments', 'trading', 'marketing'))
);

CREATE FUNCTION privacy_key_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- Without its row, a second key could be made for a person who has been forgotten.
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION 'rows of privacy_key stay: destroy the key instead' USING ERRCODE = 'restrict_violation';
    END IF;
    -- A row says whose key it is; given to another person it would open nothing.
    IF (NEW.person_id, NEW.retention, NEW.created_at) IS DISTINCT FROM (OLD.person_id, OLD.retention, OLD.created_at) THEN
        RAISE EXCEPTION 'a privacy key keeps its person, retention class and time' USING ERRCODE = 'restrict_violation';
    END IF;
    -- Forgotten is forgotten.
    IF OLD.destroyed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a destroyed privacy key stays destroyed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER privacy_key_guarded BEFORE UPDATE OR DELETE ON privacy_key
    FOR EACH ROW EXECUTE FUNCTION privacy_key_guard();
CREATE TRIGGER privacy_key_kept BEFORE TRUNCATE ON privacy_key
    FOR EACH STATEMENT EXECUTE FUNCTION privacy_key_guard();
