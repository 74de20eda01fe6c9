-- Schema 8. What openings have found lost, until it is acknowledged. messages: counted as damaged in the ledger. unknown: why
-- more may be missing than anybody can count; NULL = nothing more is.
CREATE TABLE loss (
  id       INTEGER PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  up_ms    INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  unknown  TEXT,
  crc      INTEGER
);
