-- The npm modules of a version, joined into one script: whatever the registry has later, the version stays what it was.
ALTER TABLE versions ADD COLUMN modules TEXT NOT NULL DEFAULT '';     -- '', or the id of a bundle

CREATE TABLE bundles (
    id     TEXT PRIMARY KEY NOT NULL,               -- the SHA-256 of its content, so that many versions share it
    bundle BLOB NOT NULL                            -- bundle/bundles.py
);

-- Tells whether a bundle is still of use.
CREATE INDEX versions_by_modules ON versions (modules);
