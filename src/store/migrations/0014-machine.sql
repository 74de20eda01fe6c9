-- Schema 14. Machine that owns the store (src/base/machine-identity.ts): one row for each kind of evidence. evidence: hash;
-- '' = unknown. No row: no gateway with this schema has opened the store yet.
CREATE TABLE machine (
  kind     TEXT PRIMARY KEY,
  evidence TEXT NOT NULL,
  crc      INTEGER
) WITHOUT ROWID;
