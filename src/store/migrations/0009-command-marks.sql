-- Schema 9. Last message delivered to each subdevice on each topic, so that a retained command is not executed again in
-- every session (src/subdevices/retained-commands.ts). Hashes; last: of any message, retained: of one that the hub retained.
CREATE TABLE command_mark (
  lane     INTEGER NOT NULL,
  topic    TEXT NOT NULL,
  last     TEXT NOT NULL,
  retained TEXT NOT NULL,
  crc      INTEGER,
  PRIMARY KEY (lane, topic)
) WITHOUT ROWID;
