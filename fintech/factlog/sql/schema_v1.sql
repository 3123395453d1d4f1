-- The fact log: what happened in this database, written in the transaction in which it happened.
--
-- Order. Every writer takes its transaction id, then its subject's lock, then the log's id; so the facts of one
-- subject stand in commit order, and every id up to the horizon is final. Hence ids come from the functions below
-- alone: a DEFAULT nextval or an identity column would draw the id before the lock.

CREATE SEQUENCE factlog_fact_id_seq AS bigint CACHE 1;

CREATE TABLE factlog_fact (
    id           bigint PRIMARY KEY,
    -- a verb's word (`payments.deposit.settled`), or a row's change (`crm_client.updated`)
    kind         text NOT NULL,
    version      smallint NOT NULL,
    subject_type text NOT NULL,
    subject_id   text NOT NULL,
    -- the subject's own count, without gaps; a captured row change has none
    seq          bigint,
    recorded_at  timestamptz NOT NULL,
    -- null where somebody changed a row outside every verb: such a change alerts
    actor        text,
    request_id   text,
    reason       text,
    journal_id   bigint,
    data         jsonb NOT NULL,
    -- A subject's facts are counted without gaps and without doubles: a reader can resume from a number.
    CONSTRAINT factlog_fact_subject_seq UNIQUE (subject_type, subject_id, seq)
);

-- The row whose update is a subject's lock and its next number at once.
CREATE TABLE factlog_subject (
    type text NOT NULL,
    id   text NOT NULL,
    seq  bigint NOT NULL,
    PRIMARY KEY (type, id)
) WITH (fillfactor = 50);

-- Which life of this database the log belongs to. A restored or copied database starts a new one, which names its
-- parent and the last ids that both share: bookmarks up to there carry over.
CREATE TABLE factlog_incarnation (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    parent             uuid REFERENCES factlog_incarnation,
    shared_fact_id     bigint NOT NULL DEFAULT 0,
    shared_transfer_id bigint NOT NULL DEFAULT 0,
    started_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- A life has one successor: a database can't fork in one place.
    CONSTRAINT factlog_incarnation_line UNIQUE NULLS NOT DISTINCT (parent)
);
INSERT INTO factlog_incarnation DEFAULT VALUES;

-- How far each follower that writes into this database has come, in each life of its source.
CREATE TABLE factlog_bookmark (
    follower    text NOT NULL,
    source      text NOT NULL,
    incarnation uuid NOT NULL,
    last_id     bigint NOT NULL,
    moved_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (follower, source, incarnation)
) WITH (fillfactor = 50);

-- A fact that its follower couldn't take, with the later facts of the same subject behind it.
CREATE TABLE factlog_parked (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    follower     text NOT NULL,
    source       text NOT NULL,
    incarnation  uuid NOT NULL,
    fact_id      bigint NOT NULL,
    subject_type text NOT NULL,
    subject_id   text NOT NULL,
    error        text NOT NULL,
    attempts     integer NOT NULL DEFAULT 1,
    parked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at  timestamptz,
    -- Parked once for each follower.
    CONSTRAINT factlog_parked_once UNIQUE (follower, source, incarnation, fact_id)
);
CREATE INDEX factlog_parked_open ON factlog_parked (follower, source, subject_type, subject_id) WHERE resolved_at IS NULL;

-- The relay that may write here: each of its transactions locks this row and compares its epoch.
CREATE TABLE factlog_leadership (
    role  text PRIMARY KEY,
    epoch bigint NOT NULL
);
INSERT INTO factlog_leadership VALUES ('relay', 0);

CREATE FUNCTION factlog_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the fact log only grows: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER factlog_fact_frozen BEFORE UPDATE OR DELETE ON factlog_fact
    FOR EACH ROW EXECUTE FUNCTION factlog_refuse_change();
CREATE TRIGGER factlog_fact_kept BEFORE TRUNCATE ON factlog_fact
    FOR EACH STATEMENT EXECUTE FUNCTION factlog_refuse_change();

-- A verb's fact: transaction id, subject's lock and number, log's id, row. Gives the id and the number.
CREATE FUNCTION factlog_record_v1(
    p_kind text, p_version smallint, p_subject_type text, p_subject_id text, p_data jsonb,
    OUT fact_id bigint, OUT fact_seq bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_current_xact_id();
    INSERT INTO factlog_subject AS s (type, id, seq) VALUES (p_subject_type, p_subject_id, 1)
        ON CONFLICT (type, id) DO UPDATE SET seq = s.seq + 1
        RETURNING s.seq INTO fact_seq;
    fact_id := nextval('factlog_fact_id_seq');
    INSERT INTO factlog_fact (id, kind, version, subject_type, subject_id, seq, recorded_at, actor, request_id,
                              reason, journal_id, data)
    VALUES (fact_id, p_kind, p_version, p_subject_type, p_subject_id, fact_seq, clock_timestamp(),
            nullif(current_setting('fintech.actor', true), ''), nullif(current_setting('fintech.request_id', true), ''),
            nullif(current_setting('fintech.reason', true), ''),
            nullif(current_setting('fintech.journal_id', true), '')::bigint, p_data);
END $$;

-- Makes the function of a table's capture trigger, `factlog_capture_<table>`, which captures these columns, the first
-- being the row's key. A change's subject is the row itself, whose lock the change holds already, and with it the
-- transaction id; an update that changes no captured column writes nothing. For the owner, in a migration.
--
-- Each table has a function of its own, with every column written out: one for all tables, which looks columns up by
-- name, costs three times as much with each write.
CREATE FUNCTION factlog_make_capture_v1(p_table name, p_columns name[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    -- the whole row, NEW or OLD; what an update has changed of it; whether it has changed anything
    whole   text;
    changed text;
    differs text;
    fact    constant text := $fact$
                INSERT INTO factlog_fact (id, kind, version, subject_type, subject_id, seq, recorded_at, actor,
                                          request_id, reason, journal_id, data)
                VALUES (nextval('factlog_fact_id_seq'), %L, 1, %L, %s.%I, NULL, clock_timestamp(),
                        nullif(current_setting('fintech.actor', true), ''),
                        nullif(current_setting('fintech.request_id', true), ''),
                        nullif(current_setting('fintech.reason', true), ''),
                        nullif(current_setting('fintech.journal_id', true), '')::bigint,
                        jsonb_build_object(%s));$fact$;
BEGIN
    SELECT 'jsonb_build_object(' || string_agg(format('%L, %%1$s.%I', name, name), ', ' ORDER BY place) || ')',
           string_agg(format('CASE WHEN OLD.%1$I IS DISTINCT FROM NEW.%1$I '
                             'THEN jsonb_build_object(%1$L, %%1$s.%1$I) ELSE ''{}'' END', name), ' || ' ORDER BY place),
           string_agg(format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', name), ' OR ' ORDER BY place)
      INTO whole, changed, differs
      FROM unnest(p_columns) WITH ORDINALITY AS captured (name, place);
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $body$
        BEGIN
            IF TG_OP = 'INSERT' THEN %s
            ELSIF TG_OP = 'DELETE' THEN %s
            ELSIF %s THEN %s
            END IF;
            RETURN NULL;
        END $body$ $function$,
        'factlog_capture_' || p_table,
        format(fact, p_table || '.inserted', 'row:' || p_table, 'NEW', p_columns[1],
               '''new'', ' || format(whole, 'NEW')),
        format(fact, p_table || '.deleted', 'row:' || p_table, 'OLD', p_columns[1],
               '''old'', ' || format(whole, 'OLD')),
        differs,
        format(fact, p_table || '.updated', 'row:' || p_table, 'NEW', p_columns[1],
               '''old'', ' || format(changed, 'OLD') || ', ''new'', ' || format(changed, 'NEW')));
END $$;

-- The last id drawn from a log's sequence, whether its transaction has ended or not.
CREATE FUNCTION factlog_last_drawn_v1(p_sequence regclass) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE result bigint;
BEGIN
    EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s', p_sequence) INTO result;
    RETURN result;
END $$;

-- Begins a new life of a restored or copied database: for the owner, by `manage.py factlog new-incarnation`.
CREATE FUNCTION factlog_new_incarnation_v1(p_shared_fact_id bigint, p_shared_transfer_id bigint) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO factlog_incarnation (parent, shared_fact_id, shared_transfer_id)
    SELECT i.id, p_shared_fact_id, p_shared_transfer_id FROM factlog_incarnation i
     WHERE NOT EXISTS (SELECT FROM factlog_incarnation c WHERE c.parent = i.id)
    RETURNING id
$$;

-- The process id of the session whose transaction id is the oldest: it holds the horizon back. Runs as the owner, who
-- may see the statistics of other roles; the application learns nothing else of them.
CREATE FUNCTION factlog_horizon_holder_v1() RETURNS integer LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL ORDER BY age(backend_xid) DESC LIMIT 1
$$;

DO $$
DECLARE application text := replace(current_user, '_owner', CASE current_user WHEN 'audit_owner' THEN '_writer' ELSE '_app' END);
BEGIN
    REVOKE ALL ON FUNCTION factlog_record_v1, factlog_last_drawn_v1, factlog_new_incarnation_v1, factlog_make_capture_v1
        FROM PUBLIC;
    IF application <> current_user AND EXISTS (SELECT FROM pg_roles WHERE rolname = application) THEN
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON factlog_fact, factlog_subject, factlog_incarnation '
                       'FROM %I', application);
        EXECUTE format('REVOKE ALL ON SEQUENCE factlog_fact_id_seq FROM %I', application);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION factlog_new_incarnation_v1 FROM %I', application);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON factlog_bookmark, factlog_parked, factlog_leadership TO %I', application);
        EXECUTE format('GRANT EXECUTE ON FUNCTION factlog_record_v1, factlog_last_drawn_v1 TO %I', application);
    END IF;
END $$;
