-- Makes the partitions of this month and of the next p_months_ahead, as far as they are missing; gives their names.
--
-- Run ahead of time (`manage.py audit partitions`), and by audit_append_v1 itself when nobody has: the log must not
-- stop because a schedule did.
CREATE FUNCTION audit_create_partitions_v1(p_months_ahead integer) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head audit_head;
    -- months are those of UTC, whatever the session's zone
    month timestamp;
    last_month timestamp;
    partition text;
BEGIN
    IF p_months_ahead NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'partitions are made 0 to 24 months ahead, not %', p_months_ahead
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    month := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
    last_month := month + make_interval(months => p_months_ahead);
    month := greatest(month, head.partitioned_until AT TIME ZONE 'UTC');
    WHILE month <= last_month LOOP
        partition := 'audit_entry_' || to_char(month, 'YYYY_MM');
        EXECUTE format('CREATE TABLE %I (LIKE audit_entry INCLUDING CONSTRAINTS)', partition);
        EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (number), ADD UNIQUE (source, incarnation, source_id)', partition);
        EXECUTE format('CREATE TRIGGER audit_entry_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', partition);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER audit_entry_frozen', partition);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, audit_writer, audit_reader', partition);
        -- Attached, not created in place: this locks out neither readers nor the writer.
        EXECUTE format('ALTER TABLE audit_entry ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition,
                       month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        month := month + interval '1 month';
        UPDATE audit_head SET partitioned_until = month AT TIME ZONE 'UTC';
        RETURN NEXT partition;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION audit_create_partitions_v1 FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_create_partitions_v1 TO audit_writer;

SELECT audit_create_partitions_v1(3);
