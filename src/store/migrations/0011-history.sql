-- Schema 11. History of the gateway (src/store/history-ring.ts): rings of blocks, each with its own checksum. A damaged
-- block is skipped when it is read. number: of the block, from 0; -1 = an empty slot that reserves its page.

-- Samples of one minute, about an hour in a block.
CREATE TABLE history_minute (
  slot   INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  block  BLOB NOT NULL
);
-- Records of one hour, about a day in a block.
CREATE TABLE history_hour (
  slot   INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  block  BLOB NOT NULL
);
-- Events of the gateway, its configuration, its operators and its storage.
CREATE TABLE history_rare_event (
  slot   INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  block  BLOB NOT NULL
);
-- Events of the hub, links, subdevices and conditions.
CREATE TABLE history_frequent_event (
  slot   INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  block  BLOB NOT NULL
);
