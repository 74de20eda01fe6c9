-- Schema 2. What a wall clock and a store can be checked against.

-- Monotonic ms at which the machine was last found to have slept in that boot.
ALTER TABLE boot ADD COLUMN slept_at_up_ms INTEGER;

-- Rows ever put on disk in the lane. The high-water mark remembers it too, outside of this file.
ALTER TABLE ledger ADD COLUMN puts INTEGER NOT NULL DEFAULT 0;

-- Which store a high-water mark belongs to.
CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
INSERT INTO identity VALUES (1, lower(hex(randomblob(8))));
