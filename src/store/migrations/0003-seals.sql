-- Schema 3. A checksum in each row that is not a message: `seal` (src/store/repair/row-checksums.ts) over all other columns.

ALTER TABLE boot ADD COLUMN crc INTEGER;
ALTER TABLE subdevice ADD COLUMN crc INTEGER;
ALTER TABLE subscription ADD COLUMN crc INTEGER;
ALTER TABLE topic_id ADD COLUMN crc INTEGER;
ALTER TABLE hub_filter ADD COLUMN crc INTEGER;
ALTER TABLE hub_session ADD COLUMN crc INTEGER;
ALTER TABLE ledger ADD COLUMN crc INTEGER;
ALTER TABLE sequence ADD COLUMN crc INTEGER;

UPDATE boot SET crc = seal(epoch, boot_id, last_up_ms, wall_minus_up_ms, slept_at_up_ms);
UPDATE subdevice SET crc = seal(lane, id, lasting, link);
UPDATE subscription SET crc = seal(lane, filter, qos);
UPDATE topic_id SET crc = seal(lane, topic_id, topic);
UPDATE hub_filter SET crc = seal(filter);
UPDATE hub_session SET crc = seal(one, expected, connected, changed_epoch, changed_up_ms, sent_to, lost_count);
UPDATE ledger SET crc = seal(id, accepted, delivered, dead, damaged, shed, bytes, puts);
UPDATE sequence SET crc = seal(direction, reserved_to);
