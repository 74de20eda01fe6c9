-- Schema 13. Limits of the backlog that an operator has set, each for a limited time. limit_kind: 'pause' or 'rate'. tenths_per_s:
-- messages per 10 s; 0 for a pause. epoch, up_ms: beginning. for_ms: duration.
CREATE TABLE backlog_limit (
  limit_kind   TEXT PRIMARY KEY,
  tenths_per_s INTEGER NOT NULL,
  epoch        INTEGER NOT NULL,
  up_ms        INTEGER NOT NULL,
  for_ms       INTEGER NOT NULL,
  crc          INTEGER
) WITHOUT ROWID;
