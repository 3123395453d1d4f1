-- House accounts of 1,000 entities (PSP clearing, EUR): that of entity 1 is the hot one.
SELECT ledger_open_house_v1(nextval('journal_entry_id_seq'), array_agg(-((entity * 100 + 1) * 1000 + 978)::bigint))
  FROM generate_series(1, 1000) AS entity;
-- 10,000 clients with a EUR account each: 100001978, 100002978 … 110000978, in each 10 billion.
SELECT count(ledger_open_account_v1(nextval('journal_entry_id_seq'), 1::smallint,
                                    lpad(to_hex(client), 32, '0')::uuid, 978))
  FROM generate_series(1, 10000) AS client;
SELECT count(ledger_post_keyed_v1('system', 'ledger.post_batch', 'funds of ' || client, '\x00', 'system', 'filling', '',
                                  -101978, (100000 + client) * 1000 + 978, 1000000000000, 1::smallint, NULL, NULL,
                                  NULL))
  FROM generate_series(1, 10000) AS client;
-- Wallets for 1,000 of them.
INSERT INTO payments_wallet (id, client_id, entity, currency, account_number, opened_at)
SELECT client_id, client_id, 'bench', 'EUR', number, opened_at
  FROM ledger_account WHERE kind = 1 ORDER BY number LIMIT 1000;
ANALYZE;
