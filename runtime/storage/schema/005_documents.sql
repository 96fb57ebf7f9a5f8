-- What a hook or webtask keeps by context.storage: one JSON document each. Plain JSON, as the hook wrote it: not sealed.
CREATE TABLE documents (
    hook INTEGER PRIMARY KEY NOT NULL REFERENCES hooks (number) ON DELETE CASCADE,
    data TEXT NOT NULL,
    etag TEXT NOT NULL
);
