-- Appends entries by their exact bytes, in this order; gives the number of the first, and the log's size afterwards.
--
-- The bytes are the only input: numbers come from the head, columns from the bytes' own header, hashes and the tree
-- from the bytes. A row of a source that was appended before, or ids of a source that don't rise, are refused, and so
-- are entries of another cell: then nothing of the call is appended.
CREATE FUNCTION audit_append_v1(p_leaves bytea[], OUT first_number bigint, OUT size bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head audit_head;
    moment timestamptz;
    hashes bytea[] := '{}';
    tree bytea[];
    carry bigint;
    leaf bytea;
    hash bytea;
    part record;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    first_number := head.size;
    size := head.size;
    IF cardinality(p_leaves) = 0 THEN
        RETURN;
    END IF;
    -- Never back in time, whatever the clock does.
    moment := greatest(clock_timestamp(), head.appended_at);
    IF head.partitioned_until IS NULL OR moment >= head.partitioned_until THEN
        PERFORM audit_create_partitions_v1(1);
    END IF;

    -- The tree grows like a binary counter: two equal subtrees at its end become one.
    tree := head.frontier;
    FOREACH leaf IN ARRAY p_leaves LOOP
        hash := sha256('\x00'::bytea || leaf);
        hashes := hashes || hash;
        carry := size;
        WHILE carry & 1 = 1 LOOP
            hash := sha256('\x01'::bytea || tree[cardinality(tree)] || hash);
            tree := trim_array(tree, 1);
            carry := carry >> 1;
        END LOOP;
        tree := tree || hash;
        size := size + 1;
    END LOOP;

    FOR part IN
        WITH item AS MATERIALIZED (
            SELECT given.ordinal, given.leaf, given.leaf_hash, header.*
              FROM unnest(p_leaves, hashes) WITH ORDINALITY AS given (leaf, leaf_hash, ordinal),
                   json_to_record(convert_from(given.leaf, 'UTF8')::json) AS header (
                       cell text, client uuid, id bigint, incarnation uuid, kind text, recorded_at timestamptz,
                       source text, subject text)
        ), written AS (
            INSERT INTO audit_entry (number, source, incarnation, source_id, kind, subject, client_id, recorded_at,
                                     appended_at, leaf, leaf_hash)
            SELECT first_number + ordinal - 1, source, incarnation, id, kind, subject, client, recorded_at,
                   moment, item.leaf, leaf_hash
              FROM item
        ), ordered AS (
            SELECT cell, source, incarnation, id,
                   lag(id) OVER (PARTITION BY source, incarnation ORDER BY ordinal) AS earlier
              FROM item
        )
        SELECT source, incarnation, min(id) AS first_id, max(id) AS last_id, count(*) AS entries,
               bool_and(earlier IS NULL OR earlier < id) AS rising,
               min(cell) AS cell, bool_and(cell IS NOT NULL AND cell = coalesce(head.cell, cell)) AS home,
               count(DISTINCT cell) AS cells
          FROM ordered
         GROUP BY source, incarnation
    LOOP
        IF NOT part.home OR part.cells <> 1 THEN
            RAISE EXCEPTION 'an entry of another cell than % is refused', coalesce(head.cell, part.cell)
                USING ERRCODE = 'check_violation';
        END IF;
        head.cell := part.cell;
        IF NOT part.rising THEN
            RAISE EXCEPTION 'the ids of % don''t rise between % and %', part.source, part.first_id, part.last_id
                USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO audit_source AS reach (source, incarnation, last_source_id, entries)
            VALUES (part.source, part.incarnation, part.last_id, part.entries)
            ON CONFLICT (source, incarnation) DO UPDATE
               SET last_source_id = excluded.last_source_id, entries = reach.entries + excluded.entries
             WHERE reach.last_source_id < part.first_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% is appended beyond % already', part.source, part.first_id
                USING ERRCODE = 'unique_violation';
        END IF;
    END LOOP;

    UPDATE audit_head AS h
       SET size = audit_append_v1.size, frontier = tree, cell = head.cell, appended_at = moment;
END $$;

REVOKE ALL ON FUNCTION audit_append_v1 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append_v1 TO audit_writer;
