-- Schema 6. What is published when a subdevice with a lasting session is lost (MQTT-SN 1.2 §6.3).

-- topic: the subdevice's own name. alive_ms: silence after which it counts as lost; 0 = it is not connected, or may be
-- silent for ever.
CREATE TABLE will (
  lane     INTEGER PRIMARY KEY,
  topic    TEXT NOT NULL,
  qos      INTEGER NOT NULL,
  payload  BLOB NOT NULL,
  alive_ms INTEGER NOT NULL,
  crc      INTEGER
);
