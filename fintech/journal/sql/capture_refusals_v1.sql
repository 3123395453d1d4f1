-- A refusal changes nothing else, so it tells itself: its row goes into the fact log, and from there into the audit log.
-- What was done is told by the facts and row changes of the same transaction.
SELECT factlog_make_capture_v1('journal_entry', ARRAY[
    'id', 'principal', 'operation', 'key', 'outcome', 'answer', 'recorded_at', 'actor', 'request_id', 'reason']);
CREATE TRIGGER factlog_capture AFTER INSERT ON journal_entry
    FOR EACH ROW WHEN (NEW.outcome = 'refused') EXECUTE FUNCTION factlog_capture_journal_entry();
