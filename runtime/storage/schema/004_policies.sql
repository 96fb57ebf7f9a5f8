-- When a hook runs, what its failure means (model.Policy), and what webtask's tools keep beside it.
ALTER TABLE hooks ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';      -- JSON of model.Policy (tables.py)
ALTER TABLE hooks ADD COLUMN meta TEXT NOT NULL DEFAULT '{}';        -- JSON object: name to text
-- Whom an enabled hook without an order runs for. NULL where it has one: then it runs beside others.
ALTER TABLE hooks ADD COLUMN alone_for TEXT DEFAULT '[[],[]]';

-- The promise that one hook of an extensibility point runs, or one for the same clients and audiences, kept by the database.
DROP INDEX hooks_one_enabled;
CREATE UNIQUE INDEX hooks_one_enabled ON hooks (tenant, trigger_id, alone_for) WHERE enabled = 1;
