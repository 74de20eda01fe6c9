-- Schema 1. Migrations are append-only: a file that has shipped is never edited.
-- Hot tables (outbox, inbox) have one integer primary key and no other index: each further one costs 47 to 177 % more bytes.

CREATE TABLE boot (
  epoch            INTEGER PRIMARY KEY,
  boot_id          TEXT NOT NULL,
  last_up_ms       INTEGER NOT NULL,
  wall_minus_up_ms INTEGER
);

CREATE TABLE subdevice (
  lane    INTEGER PRIMARY KEY,
  id      TEXT NOT NULL UNIQUE,
  lasting INTEGER NOT NULL,
  link    TEXT NOT NULL
);

CREATE TABLE subscription (
  lane   INTEGER NOT NULL,
  filter TEXT NOT NULL,
  qos    INTEGER NOT NULL,
  PRIMARY KEY (lane, filter)
) WITHOUT ROWID;

CREATE TABLE topic_id (
  lane     INTEGER NOT NULL,
  topic_id INTEGER NOT NULL,
  topic    TEXT NOT NULL,
  PRIMARY KEY (lane, topic_id)
) WITHOUT ROWID;

CREATE TABLE hub_filter (filter TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE hub_session (
  one           INTEGER PRIMARY KEY CHECK (one = 1),
  expected      INTEGER NOT NULL,
  connected     INTEGER NOT NULL,
  changed_epoch INTEGER,
  changed_up_ms INTEGER,
  sent_to       INTEGER NOT NULL,
  lost_count    INTEGER NOT NULL
);
INSERT INTO hub_session VALUES (1, 0, 0, NULL, NULL, 0, 0);

-- seq: never used twice. crc: CRC-32 over every other column, so that a flipped bit is noticed.
CREATE TABLE outbox (
  seq     INTEGER PRIMARY KEY,
  lane    INTEGER NOT NULL,
  qos     INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,
  up_ms   INTEGER NOT NULL,
  crc     INTEGER NOT NULL,
  topic   TEXT NOT NULL,
  payload BLOB NOT NULL
);

CREATE TABLE inbox (
  seq     INTEGER PRIMARY KEY,
  lane    INTEGER NOT NULL,
  qos     INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,
  up_ms   INTEGER NOT NULL,
  crc     INTEGER NOT NULL,
  topic   TEXT NOT NULL,
  payload BLOB NOT NULL
);

CREATE TABLE dead_letter (
  id        INTEGER PRIMARY KEY,
  direction TEXT NOT NULL,
  seq       INTEGER NOT NULL,
  lane      INTEGER NOT NULL,
  qos       INTEGER NOT NULL,
  epoch     INTEGER NOT NULL,
  up_ms     INTEGER NOT NULL,
  topic     TEXT NOT NULL,
  payload   BLOB NOT NULL,
  attempts  INTEGER NOT NULL,
  reason    TEXT NOT NULL
);

-- id: 2 × lane, + 1 for downlinks. bytes: charged bytes of the lane's rows now on disk.
CREATE TABLE ledger (
  id        INTEGER PRIMARY KEY,
  accepted  INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  dead      INTEGER NOT NULL,
  damaged   INTEGER NOT NULL,
  shed      TEXT NOT NULL,
  bytes     INTEGER NOT NULL
);

-- The next free seq of a direction lies below reserved_to.
CREATE TABLE sequence (direction TEXT PRIMARY KEY, reserved_to INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO sequence VALUES ('uplink', 1), ('downlink', 1);
