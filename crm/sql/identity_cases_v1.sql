CREATE FUNCTION crm_identity_case_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'identity cases are records: they stay' USING ERRCODE = 'restrict_violation';
    END IF;
    -- Nobody is verified but by a decision on what they handed in.
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'an identity case begins as a draft, not as %', NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id OR NEW.client_id <> OLD.client_id OR NEW.opened_at <> OLD.opened_at THEN
        RAISE EXCEPTION 'an identity case keeps its client' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state
       AND (OLD.state, NEW.state) NOT IN (('draft', 'submitted'), ('submitted', 'approved'), ('submitted', 'rejected'))
    THEN
        RAISE EXCEPTION 'an identity case never goes from % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- A decision is evidence: who, when and why stay as they were written.
    IF OLD.state IN ('approved', 'rejected') AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a decided identity case stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER crm_identity_case_guarded BEFORE INSERT OR UPDATE OR DELETE ON crm_identity_case
    FOR EACH ROW EXECUTE FUNCTION crm_identity_case_guard();

CREATE FUNCTION crm_identity_document_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    case_state text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'a document stays as it was handed in' USING ERRCODE = 'restrict_violation';
    END IF;
    -- The share lock keeps the case from being handed in while a document is being added to it.
    SELECT state INTO case_state FROM crm_identity_case WHERE id = NEW.case_id FOR SHARE;
    -- What compliance looks at is what was there when the case was handed in.
    IF case_state IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION 'a % identity case takes no more documents', case_state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER crm_identity_document_guarded BEFORE INSERT OR UPDATE OR DELETE ON crm_identity_document
    FOR EACH ROW EXECUTE FUNCTION crm_identity_document_guard();
