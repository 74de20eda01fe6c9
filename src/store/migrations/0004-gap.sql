-- Schema 4. Downlinks that may be missing since then, until somebody says that it is dealt with.
CREATE TABLE hub_gap (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  epoch  INTEGER NOT NULL,
  up_ms  INTEGER NOT NULL,
  reason TEXT NOT NULL,
  crc    INTEGER
);
