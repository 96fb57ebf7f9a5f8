-- What a tenant can fill is bounded: the newest versions of each hook that there is, the newest records of each tenant.

-- Tells whether a version is still of use.
CREATE INDEX hook_versions_by_version ON hook_versions (version_id);

-- For pruning: each tenant's oldest first.
CREATE INDEX executions_by_tenant ON executions (tenant, at);
DROP INDEX executions_by_time;

-- What gathered while nothing was removed: versions of hooks that are gone, all but a hook's newest 50, images of neither.
DELETE FROM hook_versions WHERE NOT EXISTS (
    SELECT 1 FROM hooks WHERE hooks.tenant = hook_versions.tenant AND hooks.id = hook_versions.hook_id
);
DELETE FROM hook_versions WHERE number <= (
    SELECT max(newer.number) - 50 FROM hook_versions AS newer
    WHERE newer.tenant = hook_versions.tenant AND newer.hook_id = hook_versions.hook_id
);
DELETE FROM versions WHERE id NOT IN (SELECT version_id FROM hooks) AND id NOT IN (SELECT version_id FROM hook_versions);
DELETE FROM images WHERE version_id NOT IN (SELECT version_id FROM hooks);
