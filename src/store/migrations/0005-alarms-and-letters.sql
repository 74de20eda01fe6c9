-- Schema 5. Alarms and dead letters (docs/decisions/0014).

-- Filters by which the uplinks now in the outbox were sorted into lanes.
CREATE TABLE alarm_topic (filter TEXT PRIMARY KEY, crc INTEGER) WITHOUT ROWID;

-- Ids of dead letters are unique even after a removal, because a technician may have noted one. row_crc: crc of the
-- message's row; NULL for dead letters of earlier schemas.
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
