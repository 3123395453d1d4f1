-- Recompute the whole book from its transfers and holds, in one snapshot, and give every disagreement: nothing when
-- all agrees.
CREATE FUNCTION ledger_replay_v1() RETURNS TABLE (what text, account bigint, expected text, found text)
LANGUAGE sql STABLE AS $$
    WITH step AS MATERIALIZED (
        SELECT t.id, t.client_account, t.client_id, t.client_balance, t.client_seq, t.recorded_at,
               sum(CASE WHEN t.debit > 0 THEN -t.amount ELSE t.amount END)
                   OVER (PARTITION BY t.client_account ORDER BY t.id) AS balance,
               row_number() OVER (PARTITION BY t.client_account ORDER BY t.id) AS seq,
               lag(t.recorded_at) OVER (PARTITION BY t.client_account ORDER BY t.id) AS previous
          FROM ledger_transfer AS t WHERE t.client_account IS NOT NULL
    ), replayed AS (
        SELECT s.client_account, count(*) AS seq, max(s.recorded_at) AS last_recorded_at,
               (SELECT sum(CASE WHEN t.debit > 0 THEN -t.amount ELSE t.amount END) FROM ledger_transfer AS t
                 WHERE t.client_account = s.client_account) AS balance
          FROM step AS s GROUP BY s.client_account
    ), held AS (
        SELECT h.account, sum(h.amount - coalesce(c.gone, 0)) AS held
          FROM ledger_hold AS h
          LEFT JOIN (SELECT hold_id, sum(amount) AS gone FROM ledger_hold_change GROUP BY hold_id) AS c
            ON c.hold_id = h.id
         GROUP BY h.account
    )
    SELECT 'balance', b.account, coalesce(r.balance, 0)::text, b.balance::text
      FROM ledger_balance AS b LEFT JOIN replayed AS r ON r.client_account = b.account
     WHERE b.balance <> coalesce(r.balance, 0)
    UNION ALL
    SELECT 'number of transfers', b.account, coalesce(r.seq, 0)::text, b.seq::text
      FROM ledger_balance AS b LEFT JOIN replayed AS r ON r.client_account = b.account
     WHERE b.seq <> coalesce(r.seq, 0)
    UNION ALL
    SELECT 'held', b.account, coalesce(h.held, 0)::text, b.held::text
      FROM ledger_balance AS b LEFT JOIN held AS h ON h.account = b.account
     WHERE b.held <> coalesce(h.held, 0)
    UNION ALL
    SELECT 'balance after transfer ' || s.id, s.client_account, s.balance::text, s.client_balance::text
      FROM step AS s WHERE s.balance <> s.client_balance
    UNION ALL
    SELECT 'sequence number of transfer ' || s.id, s.client_account, s.seq::text, s.client_seq::text
      FROM step AS s WHERE s.seq <> s.client_seq
    UNION ALL
    SELECT 'moment of transfer ' || s.id, s.client_account, 'not before ' || s.previous, s.recorded_at::text
      FROM step AS s WHERE s.recorded_at < s.previous
    UNION ALL
    SELECT 'moment of the last change', b.account, 'not before ' || r.last_recorded_at, b.last_recorded_at::text
      FROM ledger_balance AS b JOIN replayed AS r ON r.client_account = b.account
     WHERE b.last_recorded_at < r.last_recorded_at
    UNION ALL
    SELECT 'account of transfer ' || t.id, side.account, 'an account', 'none'
      FROM ledger_transfer AS t CROSS JOIN LATERAL (VALUES (t.debit), (t.credit)) AS side (account)
     WHERE NOT EXISTS (SELECT FROM ledger_account AS a WHERE a.number = side.account)
    UNION ALL
    SELECT 'client of transfer ' || s.id, s.client_account, a.client_id::text, s.client_id::text
      FROM step AS s JOIN ledger_account AS a ON a.number = s.client_account WHERE a.client_id <> s.client_id
    UNION ALL
    SELECT 'journal row of transfer ' || t.id, t.debit, t.journal_id::text, 'none'
      FROM ledger_transfer AS t WHERE NOT EXISTS (SELECT FROM journal_entry AS e WHERE e.id = t.journal_id)
    UNION ALL
    SELECT 'transfer of hold ' || h.id, h.account, c.amount::text, coalesce(t.amount::text, 'none')
      FROM ledger_hold_change AS c JOIN ledger_hold AS h ON h.id = c.hold_id
      LEFT JOIN ledger_transfer AS t ON t.id = c.transfer_id AND t.debit = h.account
     WHERE c.kind = 1 AND t.amount IS DISTINCT FROM c.amount
    UNION ALL
    SELECT 'snapshot through ' || s.through_id, s.account, replayed.balance::text, s.balance::text
      FROM ledger_snapshot AS s CROSS JOIN LATERAL (
           SELECT coalesce(sum(CASE WHEN t.credit = s.account THEN t.amount ELSE -t.amount END), 0) AS balance
             FROM ledger_transfer AS t
            WHERE (t.credit = s.account OR t.debit = s.account) AND t.id <= s.through_id) AS replayed
     WHERE s.balance <> replayed.balance
    UNION ALL
    SELECT 'journal row refused, yet transfers', min(t.debit), 'no transfer', count(*)::text
      FROM ledger_transfer AS t JOIN journal_entry AS e ON e.id = t.journal_id
     WHERE e.outcome = 'refused' GROUP BY e.id
$$;
