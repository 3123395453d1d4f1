-- The application reads the tables, and changes them by the public functions alone.
DO $$
DECLARE
    application text := replace(current_user, '_owner', '_app');
    public_functions text[] := ARRAY[
        'ledger_lock_v1', 'ledger_open_account_v1', 'ledger_open_house_v1', 'ledger_post_one_v1',
        'ledger_post_keyed_v1', 'ledger_post_linked_v1', 'ledger_post_batch_v1', 'ledger_hold_v1',
        'ledger_release_hold_v1', 'ledger_post_hold_v1', 'ledger_hold_remaining_v1', 'ledger_house_balance_v1',
        'ledger_balance_as_of_v1', 'ledger_statement_v1', 'ledger_latest_v1', 'ledger_close_period_v1',
        'ledger_take_snapshot_v1', 'ledger_replay_v1', 'ledger_final_id_v1', 'ledger_snapshots_due_v1',
        'ledger_holds_to_expire_v1'];
    has_application boolean := application <> current_user
        AND EXISTS (SELECT FROM pg_roles WHERE rolname = application);
    relation regclass;
    routine  record;
BEGIN
    FOR relation IN SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname ~ '^ledger_' LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', relation);
        IF has_application THEN
            EXECUTE format('REVOKE ALL ON %s FROM %I', relation, application);
            EXECUTE format('GRANT SELECT ON %s TO %I', relation, application);
        END IF;
    END LOOP;
    -- Followers read how far ids are drawn; nobody but the functions draws one.
    FOR relation IN SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' AND relname ~ '^ledger_' LOOP
        IF has_application THEN
            EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %I', relation, application);
            EXECUTE format('GRANT SELECT ON SEQUENCE %s TO %I', relation, application);
        END IF;
    END LOOP;
    FOR routine IN SELECT oid::regprocedure AS signature, proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname ~ '^ledger_' LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', routine.signature);
        IF has_application THEN
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %I', routine.signature, application);
            IF routine.proname = ANY (public_functions) THEN
                EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', routine.signature, application);
            END IF;
        END IF;
    END LOOP;
END $$;
