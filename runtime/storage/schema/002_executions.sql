-- Records of executions. Ids are ULIDs: their order is the order of time.
CREATE TABLE executions (
    number    INTEGER PRIMARY KEY,
    tenant    TEXT NOT NULL,
    id        TEXT NOT NULL,
    hook_id   TEXT NOT NULL,
    client_id TEXT NOT NULL,
    decision  TEXT NOT NULL,
    at        REAL NOT NULL,
    record    BLOB NOT NULL,                        -- JSON of the whole model.Execution (storage/records.py)
    UNIQUE (tenant, id)
);

CREATE INDEX executions_by_hook ON executions (tenant, hook_id, id);

-- For pruning: oldest first.
CREATE INDEX executions_by_time ON executions (at);
