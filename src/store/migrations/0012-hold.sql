-- Schema 12. Operator holds: messages that match wait until an operator releases them (src/custody/operator-hold.ts).
-- subdevice: number of the subdevice; -1 = every one. filter: of topics at the hub; '' = every topic.
CREATE TABLE hold (
  direction TEXT NOT NULL,
  subdevice INTEGER NOT NULL,
  filter    TEXT NOT NULL,
  epoch     INTEGER NOT NULL,
  up_ms     INTEGER NOT NULL,
  crc       INTEGER,
  PRIMARY KEY (direction, subdevice, filter)
) WITHOUT ROWID;
