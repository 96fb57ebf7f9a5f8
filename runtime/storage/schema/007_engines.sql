-- What runs a version (model.ENGINES); all that there were before, ran in wasm.
ALTER TABLE versions ADD COLUMN engine TEXT NOT NULL DEFAULT 'wasm';
