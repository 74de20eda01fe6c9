-- Schema 8. Losses found by openings, until an operator acknowledges them. messages: counted as damaged in the ledger.
-- unknown: reason why more may be missing than can be counted; NULL = no more are missing.
CREATE TABLE loss (
  id       INTEGER PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  up_ms    INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  unknown  TEXT,
  crc      INTEGER
);
