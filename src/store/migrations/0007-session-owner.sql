-- Schema 7. Owner of the session that this row and hub_filter describe (src/hub/session/session-state.ts); 0 = unknown.
-- A damaged row is left unchanged, so that the damage is detected.
ALTER TABLE hub_session RENAME COLUMN sent_to TO owner;
UPDATE hub_session SET owner = 0, crc = seal(one, expected, connected, changed_epoch, changed_up_ms, 0, lost_count)
  WHERE crc IS seal(one, expected, connected, changed_epoch, changed_up_ms, owner, lost_count);
