-- What was dealt stays dealt, even for the owner of the table: a mistake is corrected by another fill.
CREATE FUNCTION trading_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'fills only grow: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER trading_fill_frozen BEFORE UPDATE OR DELETE ON trading_fill
    FOR EACH ROW EXECUTE FUNCTION trading_refuse_change();

-- An accrual is what was earned at the moment of the fill. Only the payout that pays it is added, once.
CREATE FUNCTION trading_accrual_is_paid_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.payout_id IS NOT NULL
       OR to_jsonb(NEW) - 'payout_id' IS DISTINCT FROM to_jsonb(OLD) - 'payout_id' THEN
        RAISE EXCEPTION 'an accrual only gets its payout, once: % is refused', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trading_commission_accrual_frozen BEFORE UPDATE OR DELETE ON trading_commission_accrual
    FOR EACH ROW EXECUTE FUNCTION trading_accrual_is_paid_once();

-- The row that an engine's every transaction compares its epoch with; the first leader begins with 1.
INSERT INTO trading_leadership (role, epoch) VALUES ('engine', 0);
