-- Hooks, what they run, and their secrets. Times are seconds since the epoch.
-- No STRICT tables and no RETURNING: the SQLite of long-lived distributions is older than both.

-- What a hook runs, content-addressed: the same source has the same id in every tenant (manifest.version_id).
CREATE TABLE versions (
    id           TEXT PRIMARY KEY NOT NULL,
    trigger_id   TEXT NOT NULL,
    script       TEXT NOT NULL,
    dependencies TEXT NOT NULL                      -- JSON object: name to version
);

CREATE TRIGGER versions_never_change BEFORE UPDATE ON versions
BEGIN
    SELECT raise(ABORT, 'a hook version never changes');
END;

CREATE TABLE hooks (
    number     INTEGER PRIMARY KEY,                 -- rises: the order of creation
    tenant     TEXT NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    version_id TEXT NOT NULL REFERENCES versions (id),
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (tenant, id),
    UNIQUE (tenant, trigger_id, name)
);

-- The promise that only one hook of an extensibility point runs, kept by the database itself.
CREATE UNIQUE INDEX hooks_one_enabled ON hooks (tenant, trigger_id) WHERE enabled = 1;

-- Tells whether an image is still of use.
CREATE INDEX hooks_by_version ON hooks (version_id);

-- Which versions a hook has had: its newest 50 (tables.py).
CREATE TABLE hook_versions (
    tenant     TEXT NOT NULL,
    hook_id    TEXT NOT NULL,
    number     INTEGER NOT NULL,                    -- 1, 2, 3 ... within the hook
    version_id TEXT NOT NULL REFERENCES versions (id),
    at         REAL NOT NULL,
    PRIMARY KEY (tenant, hook_id, number)
) WITHOUT ROWID;

CREATE TABLE secrets (
    hook   INTEGER NOT NULL REFERENCES hooks (number) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    sealed BLOB NOT NULL,                           -- storage/sealing.py
    PRIMARY KEY (hook, name)
) WITHOUT ROWID;

-- A version after its source was evaluated, for one build of the guest; remade whenever it is missing.
CREATE TABLE images (
    version_id TEXT PRIMARY KEY NOT NULL,           -- kept while a hook runs it (tables.py)
    build_id   TEXT NOT NULL,
    sha256     BLOB NOT NULL,
    image      BLOB NOT NULL
);
