-- Schema 5. Alarms and dead letters (docs/decisions/0014).

-- The filters under which the uplinks now in the outbox were sorted into lanes.
CREATE TABLE alarm_topic (filter TEXT PRIMARY KEY, crc INTEGER) WITHOUT ROWID;

-- A letter's number is never another's, even when it has been taken out: a technician may have noted it. row_crc: of
-- the message's row that it was; NULL for those from before.
CREATE TABLE letter (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  direction TEXT NOT NULL,
  seq       INTEGER NOT NULL,
  lane      INTEGER NOT NULL,
  qos       INTEGER NOT NULL,
  epoch     INTEGER NOT NULL,
  up_ms     INTEGER NOT NULL,
  topic     TEXT NOT NULL,
  payload   BLOB NOT NULL,
  attempts  INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  row_crc   INTEGER
);
INSERT INTO letter SELECT *, NULL FROM dead_letter;
DROP TABLE dead_letter;
ALTER TABLE letter RENAME TO dead_letter;
