-- A known text, sealed under the master key (proof.py): who opens it has the key that is used here. One row at most.
CREATE TABLE proof (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    sealed BLOB NOT NULL                            -- storage/sealing.py
);
