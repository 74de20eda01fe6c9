-- Schema 6. Messages published when a subdevice with a lasting session is lost (MQTT-SN 1.2 §6.3).

-- topic: the subdevice's own name. alive_ms: silence after which the subdevice counts as lost; 0 = not connected, or
-- allowed to be silent without limit.
CREATE TABLE will (
  lane     INTEGER PRIMARY KEY,
  topic    TEXT NOT NULL,
  qos      INTEGER NOT NULL,
  payload  BLOB NOT NULL,
  alive_ms INTEGER NOT NULL,
  crc      INTEGER
);
