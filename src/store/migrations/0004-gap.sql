-- Schema 4. Time since which downlinks may be missing, until an operator marks the gap as handled.
CREATE TABLE hub_gap (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  epoch  INTEGER NOT NULL,
  up_ms  INTEGER NOT NULL,
  reason TEXT NOT NULL,
  crc    INTEGER
);
