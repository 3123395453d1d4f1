-- The audit log: an append-only Merkle log (RFC 6962) of what every other database of the cell has recorded.
--
-- Nobody writes these tables but the functions in append_v1.sql, partitions_v1.sql and checkpoint_v1.sql, which run
-- as the owner: the writer may call them and read, the reader may read. What a function can compute itself (numbers,
-- hashes, the columns beside an entry's bytes) it takes from nobody, so it can't disagree with the bytes.

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- One entry for each row of a followed log.
--
-- Partitioned by the month in which an entry was appended, not that of its fact: appending never goes back in time,
-- so a past month is complete for good (it can be backed up once, and moved), and a partition holds one unbroken
-- range of numbers. A unique key of a partitioned table would have to contain the month, and so would promise less
-- than it says. Hence the keys stand on each partition (partitions_v1.sql), and across partitions they hold because
-- audit_append_v1 alone draws numbers, from audit_head under its lock, and takes a source's ids in rising order only,
-- by audit_source under the same lock. `manage.py audit verify` checks both.
CREATE TABLE audit_entry (
    -- from 0, without gaps: the entry's place among the leaves of the tree
    number      bigint NOT NULL,
    -- the followed log (`crm.fact`, `payments.transfer`), the life of its database, and the row's id there
    source      text NOT NULL,
    incarnation uuid NOT NULL,
    source_id   bigint NOT NULL,
    kind        text NOT NULL,
    -- `<type>/<id>`
    subject     text NOT NULL,
    -- the client whom the row concerns, where it says so
    client_id   uuid,
    -- the source's time
    recorded_at timestamptz NOT NULL,
    appended_at timestamptz NOT NULL,
    -- the exact bytes that were hashed; all columns above but number come from them
    leaf        bytea NOT NULL,
    leaf_hash   bytea NOT NULL,
    CONSTRAINT audit_entry_number CHECK (number >= 0),
    -- A hash that isn't that of the bytes beside it can't be stored, whoever inserts it.
    CONSTRAINT audit_entry_leaf_hash CHECK (leaf_hash = sha256('\x00'::bytea || leaf))
) PARTITION BY RANGE (appended_at);

-- For a client's file, a subject's history, and a span of time; entries of one time lie together, hence BRIN.
CREATE INDEX audit_entry_client ON audit_entry (client_id, number) WHERE client_id IS NOT NULL;
CREATE INDEX audit_entry_subject ON audit_entry (subject, number);
CREATE INDEX audit_entry_recorded_at ON audit_entry USING brin (recorded_at);

CREATE TRIGGER audit_entry_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_frozen;

-- The head of the log, in one row. Its lock is what makes numbers gapless and the tree grow by one writer at a time.
CREATE TABLE audit_head (
    id                integer PRIMARY KEY DEFAULT 1,
    -- how many entries there are, so also the next number
    size              bigint NOT NULL DEFAULT 0,
    -- the roots of the perfect subtrees that the binary digits of size name, largest first
    frontier          bytea[] NOT NULL DEFAULT '{}',
    -- whose log it is, from the first entry on
    cell              text,
    appended_at       timestamptz,
    partitioned_until timestamptz,
    CONSTRAINT audit_head_single CHECK (id = 1),
    -- A frontier of another length is no tree of this size.
    CONSTRAINT audit_head_frontier CHECK (cardinality(frontier) = bit_count(size::bit(64)))
) WITH (fillfactor = 50);
INSERT INTO audit_head DEFAULT VALUES;

-- The log never shrinks, and the tree over what is in it never changes.
CREATE FUNCTION audit_head_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.frontier <> OLD.frontier) OR NEW.cell <> OLD.cell
       OR NEW.appended_at < OLD.appended_at OR NEW.partitioned_until < OLD.partitioned_until THEN
        RAISE EXCEPTION 'the head of the audit log only moves forward' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_head_only_grows();
CREATE TRIGGER audit_head_kept BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_grows, ENABLE ALWAYS TRIGGER audit_head_kept;

-- How far each followed log has been appended, in each life of its database.
CREATE TABLE audit_source (
    source         text NOT NULL,
    incarnation    uuid NOT NULL,
    last_source_id bigint NOT NULL,
    entries        bigint NOT NULL,
    PRIMARY KEY (source, incarnation)
) WITH (fillfactor = 50);

-- A row once appended is never taken again.
CREATE FUNCTION audit_source_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.source, NEW.incarnation) <> (OLD.source, OLD.incarnation)
       OR NEW.last_source_id <= OLD.last_source_id OR NEW.entries <= OLD.entries THEN
        RAISE EXCEPTION 'the reach of a source only moves forward' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_source_grows BEFORE UPDATE ON audit_source FOR EACH ROW EXECUTE FUNCTION audit_source_only_grows();
CREATE TRIGGER audit_source_kept BEFORE DELETE OR TRUNCATE ON audit_source
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_source ENABLE ALWAYS TRIGGER audit_source_grows, ENABLE ALWAYS TRIGGER audit_source_kept;

-- The signed heads of the log. Each stands outside the database too, in the anchors, where it was written first.
CREATE TABLE audit_checkpoint (
    size      bigint PRIMARY KEY,
    root      bytea NOT NULL,
    -- the tree of that size, bound by root; the next checkpoint is computed from here
    frontier  bytea[] NOT NULL,
    note      text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT audit_checkpoint_size CHECK (size > 0),
    CONSTRAINT audit_checkpoint_root CHECK (octet_length(root) = 32),
    -- A frontier of another length is no tree of this size.
    CONSTRAINT audit_checkpoint_frontier CHECK (cardinality(frontier) = bit_count(size::bit(64)))
);
CREATE TRIGGER audit_checkpoint_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_frozen;

REVOKE ALL ON audit_entry, audit_head, audit_source, audit_checkpoint FROM PUBLIC, audit_writer, audit_reader;
GRANT SELECT ON audit_entry, audit_head, audit_source, audit_checkpoint TO audit_writer, audit_reader;
