-- Keeps a signed checkpoint. The same one again changes nothing; an older one, another one of the same size, or one
-- beyond the log is refused. Who calls has computed root and frontier from the entries and anchored the note.
CREATE FUNCTION audit_checkpoint_v1(p_size bigint, p_root bytea, p_frontier bytea[], p_note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head audit_head;
    latest audit_checkpoint;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    SELECT * INTO latest FROM audit_checkpoint ORDER BY size DESC LIMIT 1;
    IF latest.size = p_size AND latest.root = p_root AND latest.note = p_note THEN
        RETURN;
    END IF;
    IF p_size <= latest.size THEN
        RAISE EXCEPTION 'a checkpoint of % is kept already, so none of % is taken', latest.size, p_size
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF p_size > head.size OR (p_size = head.size AND p_frontier <> head.frontier) THEN
        RAISE EXCEPTION 'a checkpoint of % doesn''t fit a log of %', p_size, head.size
            USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO audit_checkpoint (size, root, frontier, note) VALUES (p_size, p_root, p_frontier, p_note);
END $$;

REVOKE ALL ON FUNCTION audit_checkpoint_v1 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_checkpoint_v1 TO audit_writer;
