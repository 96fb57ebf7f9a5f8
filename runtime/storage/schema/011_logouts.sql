-- Sessions of people that were ended before their tokens, by hashes of both; each until its end (storage/logouts.py).
CREATE TABLE logouts (
    token   TEXT NOT NULL,
    session TEXT NOT NULL,                          -- '*' for all of the token's
    until   INTEGER NOT NULL,                       -- milliseconds since the epoch
    PRIMARY KEY (token, session)
) WITHOUT ROWID;

-- Tells what is of no use any more.
CREATE INDEX logouts_by_end ON logouts (until);
