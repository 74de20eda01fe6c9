-- Schema 2. Facts for checking the wall clock and the store.

-- Monotonic ms at which the machine was last found to have slept in that boot.
ALTER TABLE boot ADD COLUMN slept_at_up_ms INTEGER;

-- Rows ever put on disk in the lane. The high-water mark, outside of this file, records this number too.
ALTER TABLE ledger ADD COLUMN puts INTEGER NOT NULL DEFAULT 0;

-- Identity of the store, which its high-water mark repeats.
CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
INSERT INTO identity VALUES (1, lower(hex(randomblob(8))));
