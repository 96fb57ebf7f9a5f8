-- What executions are looked for and counted by, beside the record itself.
ALTER TABLE executions ADD COLUMN trigger_id TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN outcome TEXT NOT NULL DEFAULT 'answer';       -- model.Execution.outcome
ALTER TABLE executions ADD COLUMN level INTEGER NOT NULL DEFAULT 1;             -- its place in model.LEVELS
ALTER TABLE executions ADD COLUMN duration INTEGER NOT NULL DEFAULT 0;          -- durations.class_of
ALTER TABLE executions ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;             -- of the record

-- Of those that there are: what SQL can find out. Their durations are what one of a millisecond has.
UPDATE executions SET
    trigger_id = coalesce(json_extract(CAST(record AS TEXT), '$.trigger'), ''),
    request_id = coalesce(json_extract(CAST(record AS TEXT), '$.request_id'), ''),
    outcome = coalesce(
        json_extract(CAST(record AS TEXT), '$.failure.code'),
        CASE WHEN json_type(CAST(record AS TEXT), '$.failure') = 'object' THEN 'refusal' ELSE 'answer' END
    ),
    level = CASE
        WHEN json_type(CAST(record AS TEXT), '$.failure.code') IS NOT NULL THEN 3
        WHEN instr(CAST(record AS TEXT), '"level":"error"') THEN 3
        WHEN instr(CAST(record AS TEXT), '"level":"warn"') THEN 2
        ELSE 1
    END,
    duration = 9,
    bytes = length(record);

-- For pruning by age, number and size: an index is all that it reads.
DROP INDEX executions_by_tenant;
CREATE INDEX executions_by_tenant ON executions (tenant, at, number, bytes);
