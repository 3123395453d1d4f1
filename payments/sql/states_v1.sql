-- Rows that tell of money are records: they begin at the beginning, move forward only, and stay.
--
-- Arguments of the trigger: the state in which a row begins, then each step that is allowed, as from>to.
CREATE FUNCTION payments_forward_only_v1() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    old_row jsonb;
    new_row jsonb;
    frozen  text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'rows of % are records: they stay', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> TG_ARGV[0] THEN
            RAISE EXCEPTION 'a row of % begins as %, not as %', TG_TABLE_NAME, TG_ARGV[0], NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    -- Whose money, how much and under which reference was settled when the row was made.
    old_row := to_jsonb(OLD);
    new_row := to_jsonb(NEW);
    FOREACH frozen IN ARRAY ARRAY['id', 'client_id', 'wallet_id', 'withdrawal_id', 'amount_minor', 'currency',
                                  'reference', 'hold_id', 'psp', 'event_id', 'destination_id', 'received_at'] LOOP
        IF old_row -> frozen IS DISTINCT FROM new_row -> frozen THEN
            RAISE EXCEPTION '% of % never changes', frozen, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) <> ALL (TG_ARGV) THEN
        RAISE EXCEPTION 'a row of % never goes from % to %', TG_TABLE_NAME, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER payments_deposit_forward BEFORE INSERT OR UPDATE OR DELETE ON payments_deposit
    FOR EACH ROW EXECUTE FUNCTION payments_forward_only_v1('requested',
        'requested>pending', 'requested>settled', 'requested>failed', 'requested>expired',
        'pending>settled', 'pending>failed', 'pending>expired',
        -- A failure never follows on a settlement.
        'settled>charged_back');

CREATE TRIGGER payments_withdrawal_forward BEFORE INSERT OR UPDATE OR DELETE ON payments_withdrawal
    FOR EACH ROW EXECUTE FUNCTION payments_forward_only_v1('requested',
        'requested>approved', 'requested>rejected', 'requested>cancelled',
        -- A changed plan needs new approvals.
        'approved>requested', 'approved>sending', 'approved>rejected', 'approved>cancelled',
        'sending>unknown', 'sending>sent', 'sending>paid', 'sending>returned', 'sending>partly_returned',
        'unknown>sending', 'unknown>sent', 'unknown>paid', 'unknown>returned', 'unknown>partly_returned',
        'sent>paid', 'sent>returned', 'sent>partly_returned');

CREATE TRIGGER payments_payout_forward BEFORE INSERT OR UPDATE OR DELETE ON payments_payout
    FOR EACH ROW EXECUTE FUNCTION payments_forward_only_v1('planned',
        'planned>sending', 'planned>sent', 'planned>paid', 'planned>returned', 'planned>dropped',
        'sending>planned', 'sending>unknown', 'sending>sent', 'sending>paid', 'sending>returned',
        'unknown>planned', 'unknown>sent', 'unknown>paid', 'unknown>returned',
        'sent>paid', 'sent>returned');

CREATE TRIGGER payments_psp_event_forward BEFORE INSERT OR UPDATE OR DELETE ON payments_psp_event
    FOR EACH ROW EXECUTE FUNCTION payments_forward_only_v1('stored',
        'stored>applied', 'stored>ignored', 'stored>waiting', 'stored>review',
        'waiting>stored', 'waiting>applied', 'waiting>ignored', 'waiting>review',
        'review>stored', 'review>applied', 'review>ignored', 'review>waiting', 'review>dismissed');

-- Approvals and transfers are evidence: nothing about them ever changes.
CREATE FUNCTION payments_refuse_change_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: it stays as it was written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER payments_withdrawal_approval_frozen BEFORE UPDATE OR DELETE ON payments_withdrawal_approval
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change_v1();
CREATE TRIGGER payments_wallet_transfer_frozen BEFORE UPDATE OR DELETE ON payments_wallet_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change_v1();
CREATE TRIGGER payments_wallet_frozen BEFORE UPDATE OR DELETE ON payments_wallet
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change_v1();
