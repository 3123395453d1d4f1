CREATE FUNCTION crm_client_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- Other databases know a client by this row: it stays, and what must go from it is sealed.
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'rows of crm_client stay: end the relationship instead' USING ERRCODE = 'restrict_violation';
    END IF;
    -- The contract is with one entity and one person; another one is another client.
    IF (NEW.id, NEW.user_id, NEW.entity, NEW.registered_at)
       IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.entity, OLD.registered_at) THEN
        RAISE EXCEPTION 'a client keeps its user, entity and registration' USING ERRCODE = 'restrict_violation';
    END IF;
    -- Retention has begun to count.
    IF OLD.status = 'closed' AND NEW.status <> 'closed' THEN
        RAISE EXCEPTION 'a closed relationship stays closed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER crm_client_guarded BEFORE UPDATE OR DELETE ON crm_client
    FOR EACH ROW EXECUTE FUNCTION crm_client_guard();
