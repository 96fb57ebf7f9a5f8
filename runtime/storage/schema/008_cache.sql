-- What a tenant's Actions of one trigger keep by api.cache: a few small values, sealed, each until its end.
CREATE TABLE cache_entries (
    number     INTEGER PRIMARY KEY NOT NULL,
    tenant     TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    key        TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    size       INTEGER NOT NULL,                    -- bytes of the key and of the value that was sealed
    expires_at REAL NOT NULL,                       -- milliseconds since the epoch
    UNIQUE (tenant, trigger_id, key)
);

-- Tells what is of no use any more.
CREATE INDEX cache_entries_by_end ON cache_entries (expires_at);
