-- A year of transfers on the first client's account, written as posting writes them, but all at once.
INSERT INTO ledger_transfer (id, journal_id, debit, credit, amount, client_balance, client_seq, recorded_at, client_id,
                             value_date, code, leg)
SELECT ledger_next_transfer_id_v1(), nextval('journal_entry_id_seq'),
       CASE WHEN change < 0 THEN 100001978 ELSE -101978 END, CASE WHEN change < 0 THEN -101978 ELSE 100001978 END,
       abs(change), 1000000000000 + sum(change) OVER (ORDER BY n), n + 1, moment,
       '00000000-0000-0000-0000-000000000001', moment::date, 1, 1
  FROM (SELECT n, CASE WHEN n % 3 = 0 THEN -(1 + n % 500) ELSE 1 + n % 700 END AS change,
               now() - interval '365 days' + n * (interval '364 days' / current_setting('bench.transfers')::bigint)
                   AS moment
          FROM generate_series(1, current_setting('bench.transfers')::bigint) AS n) AS step
 ORDER BY n;
