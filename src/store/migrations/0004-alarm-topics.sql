-- Schema 4. The filters under which the uplinks now in the outbox were sorted into lanes (docs/decisions/0012).

CREATE TABLE alarm_topic (filter TEXT PRIMARY KEY) WITHOUT ROWID;
