CREATE EXTENSION IF NOT EXISTS btree_gist;

-- A broker has one place at a time: with two, a commission would be owed to two chains.
ALTER TABLE crm_broker_membership ADD CONSTRAINT crm_broker_membership_one_at_a_time
    EXCLUDE USING gist (broker_id WITH =, tstzrange(valid_from, valid_to) WITH &&);

-- A client counts for one broker at a time.
ALTER TABLE crm_introduction ADD CONSTRAINT crm_introduction_one_at_a_time
    EXCLUDE USING gist (client_id WITH =, tstzrange(valid_from, valid_to) WITH &&);

-- History is what fills were paid by: a place is ended, never rewritten.
CREATE FUNCTION crm_dated_row_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'rows of % are history: end them instead', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.valid_to IS NOT NULL OR to_jsonb(NEW) - 'valid_to' <> to_jsonb(OLD) - 'valid_to' THEN
        RAISE EXCEPTION 'a row of % can only be ended, once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER crm_broker_membership_dated BEFORE UPDATE OR DELETE ON crm_broker_membership
    FOR EACH ROW EXECUTE FUNCTION crm_dated_row_guard();
CREATE TRIGGER crm_introduction_dated BEFORE UPDATE OR DELETE ON crm_introduction
    FOR EACH ROW EXECUTE FUNCTION crm_dated_row_guard();

-- Nobody stands above themselves, at any moment: a commission would climb for ever. The path upward is followed
-- through places that overlap in time with the new one, and with each other.
CREATE FUNCTION crm_hierarchy_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    cycle boolean;
    levels integer;
BEGIN
    -- One change of the hierarchy at a time: two harmless ones can be a cycle together.
    PERFORM pg_advisory_xact_lock(hashtextextended('crm_broker_membership', 0));
    WITH RECURSIVE above (broker_id, during, level) AS (
        SELECT NEW.parent_id, tstzrange(NEW.valid_from, NEW.valid_to), 1
        UNION ALL
        SELECT m.parent_id, a.during * tstzrange(m.valid_from, m.valid_to), a.level + 1
          FROM above a
          JOIN crm_broker_membership m
            ON m.broker_id = a.broker_id AND tstzrange(m.valid_from, m.valid_to) && a.during
         WHERE m.parent_id IS NOT NULL AND a.broker_id <> NEW.broker_id AND a.level <= 32
    )
    SELECT coalesce(bool_or(broker_id = NEW.broker_id), false), max(level) INTO cycle, levels FROM above;
    IF cycle THEN
        RAISE EXCEPTION 'this place would put introducing broker % above itself', NEW.broker_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'crm_broker_membership_no_cycle';
    END IF;
    IF levels > 32 THEN
        RAISE EXCEPTION 'a hierarchy has at most 32 levels' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'crm_broker_membership_depth';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER crm_broker_membership_acyclic BEFORE INSERT ON crm_broker_membership
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION crm_hierarchy_guard();
