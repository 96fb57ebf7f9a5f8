-- Which hooks were changed, for processes that keep some of them ready: the database itself notes each change, whoever made it.
CREATE TABLE changes (
    number     INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,      -- the order of the changes; no number comes twice
    tenant     TEXT NOT NULL,
    trigger_id TEXT NOT NULL
);

-- Who was away for longer than this asks for everything anew.
CREATE TRIGGER changes_are_few AFTER INSERT ON changes
BEGIN
    DELETE FROM changes WHERE number <= new.number - 1000;
END;

CREATE TRIGGER hooks_added AFTER INSERT ON hooks
BEGIN
    INSERT INTO changes (tenant, trigger_id) VALUES (new.tenant, new.trigger_id);
END;

CREATE TRIGGER hooks_changed AFTER UPDATE ON hooks
BEGIN
    INSERT INTO changes (tenant, trigger_id) VALUES (new.tenant, new.trigger_id);
END;

CREATE TRIGGER hooks_removed AFTER DELETE ON hooks
BEGIN
    INSERT INTO changes (tenant, trigger_id) VALUES (old.tenant, old.trigger_id);
END;

CREATE TRIGGER secrets_added AFTER INSERT ON secrets
BEGIN
    INSERT INTO changes (tenant, trigger_id) SELECT tenant, trigger_id FROM hooks WHERE number = new.hook;
END;

CREATE TRIGGER secrets_changed AFTER UPDATE ON secrets
BEGIN
    INSERT INTO changes (tenant, trigger_id) SELECT tenant, trigger_id FROM hooks WHERE number = new.hook;
END;

CREATE TRIGGER secrets_removed AFTER DELETE ON secrets
BEGIN
    INSERT INTO changes (tenant, trigger_id) SELECT tenant, trigger_id FROM hooks WHERE number = old.hook;
END;
