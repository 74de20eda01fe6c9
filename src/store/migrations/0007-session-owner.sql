-- Schema 7. Whose session this row and hub_filter describe (src/hub/session/session-state.ts); 0 = not known. A row that is damaged
-- is left as it is, so that it is noticed.
ALTER TABLE hub_session RENAME COLUMN sent_to TO owner;
UPDATE hub_session SET owner = 0, crc = seal(one, expected, connected, changed_epoch, changed_up_ms, 0, lost_count)
  WHERE crc IS seal(one, expected, connected, changed_epoch, changed_up_ms, owner, lost_count);
