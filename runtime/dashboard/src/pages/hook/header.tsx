// The head of the editor: the hook's name, where it runs, whether it is enabled, and Save.
import { ChevronRight, Cpu, Hash, Save, Trash2, Undo2 } from "lucide";
import { type Engine, hooks, may, secrets, server } from "../../api.ts";
import { ariaKeys, keysText, SAVE } from "../../commands.ts";
import { useLoad } from "../../load.ts";
import { href, navigate } from "../../router.ts";
import { point } from "../../triggers.ts";
import { Button, Code, complain, confirm, Icon, Menu, MenuItem, Progress, Switch, toast } from "../../ui/index.ts";
import { Lost } from "../hooks/row.tsx";
import type { Draft } from "./draft.ts";
import { save } from "./fault.tsx";

export function Header({ draft }: { draft: Draft }) {
  const { enabled } = draft.saved.value;
  const mayChange = may("update:hooks");
  return (
    <header class="hook-head">
      <div class="hook-title">
        <nav class="crumbs" aria-label="Breadcrumb">
          <a href={href("/hooks")}>Hooks</a>
          <Icon of={ChevronRight} size={13} />
          <span>{point(draft.trigger)?.title}</span>
        </nav>
        <div class="hook-naming">
          <h1 class="visually-hidden" tabIndex={-1}>
            {draft.saved.value.name}
          </h1>
          <span class="name-box" data-text={draft.name.value}>
            <input
              class="name-input"
              aria-label="Name of the hook"
              size={1}
              maxLength={128}
              spellcheck={false}
              autocomplete="off"
              readOnly={!mayChange}
              value={draft.name.value}
              onInput={(event) => (draft.name.value = event.currentTarget.value)}
              onKeyDown={(event) => event.key === "Enter" && void save(draft)}
            />
          </span>
          <Unsaved draft={draft} />
        </div>
      </div>
      <div class="hook-tools">
        <EngineChoice draft={draft} />
        <label class="enabling">
          <span class={enabled ? "on" : ""}>{enabled ? "Enabled" : "Disabled"}</span>
          <Switch label={`Enable ${draft.saved.value.name}`} on={enabled} disabled={!mayChange} onChange={(on) => void enable(draft, on)} />
        </label>
        {mayChange && (
          <Button
            kind={draft.isDirty.value ? "primary" : "plain"}
            icon={Save}
            busy={draft.saving.value}
            disabled={!draft.isDirty.value}
            aria-keyshortcuts={ariaKeys(SAVE)}
            onClick={() => void save(draft)}
          >
            Save <kbd class="on-primary">{keysText(SAVE)}</kbd>
          </Button>
        )}
        <Menu label="More about this hook">
          {draft.isDirty.value && (
            <MenuItem icon={Undo2} onClick={() => void discard(draft)}>
              Discard changes…
            </MenuItem>
          )}
          <MenuItem icon={Hash} onClick={() => navigator.clipboard.writeText(draft.id).then(() => toast("The hook's ID is copied."), complain)}>
            Copy the ID
          </MenuItem>
          {may("delete:hooks") && (
            <>
              <hr />
              <MenuItem icon={Trash2} danger onClick={() => void remove(draft)}>
                Delete…
              </MenuItem>
            </>
          )}
        </Menu>
      </div>
      {draft.saving.value && <Progress label={draft.mayHaveModules ? "Saving; npm modules are found, fetched and joined" : "Saving"} />}
    </header>
  );
}

function Unsaved({ draft }: { draft: Draft }) {
  const names = Object.keys(draft.changes.value);
  return (
    <span class="unsaved" role="status">
      {names.length > 0 ? (
        <>
          <span class="dot" aria-hidden="true" />
          <span title={`Changed: ${names.join(", ")}`}>Unsaved changes</span>
        </>
      ) : (
        <span class="faint">v{draft.deploys.value[0]!.number}</span>
      )}
      <Code>{draft.trigger}</Code>
    </span>
  );
}

function EngineChoice({ draft }: { draft: Draft }) {
  const settings = useLoad(server.settings, []);
  const offered = settings.data.value?.engines ?? [];
  if (offered.length < 2 && draft.engine.value === "wasm") return null;
  return (
    <div class="with-icon engine">
      <Icon of={Cpu} size={14} />
      <select
        class="select small"
        aria-label="Engine"
        title="Which engine runs the hook"
        disabled={!may("update:hooks")}
        value={draft.engine.value}
        onChange={(event) => (draft.engine.value = event.currentTarget.value as Engine)}
      >
        <option value="wasm">WebAssembly</option>
        <option value="node">Node</option>
      </select>
    </div>
  );
}

async function enable(draft: Draft, on: boolean): Promise<void> {
  const { name } = draft.saved.peek();
  try {
    const { disabled } = await draft.enable(on);
    const place = disabled ? `, in place of ${disabled}, which is disabled now` : "";
    const unsaved = on && draft.isDirty.peek() ? " What is not saved yet does not run." : "";
    toast(on ? `${name} is enabled${place}.${unsaved}` : `${name} is disabled.`, { action: { label: "Undo", run: () => void undo(draft, on, disabled) } });
  } catch (error) {
    if (!draft.fault.peek()) complain(error);
  }
}

/** The one that was disabled is enabled again, which disables this one. */
async function undo(draft: Draft, on: boolean, disabled: string | null): Promise<void> {
  try {
    const other = disabled && (await hooks.list()).find((row) => row.name === disabled && row.triggerId === draft.trigger);
    if (other) await hooks.update(other.id, { enabled: true });
    await draft.enable(!on);
  } catch (error) {
    complain(error);
  }
}

async function discard(draft: Draft): Promise<void> {
  const sure = await confirm({ title: "Discard what is not saved?", body: `The hook is then as version ${draft.deploys.peek()[0]!.number} has it.`, action: "Discard changes", danger: true });
  if (sure) draft.discard();
}

async function remove(draft: Draft): Promise<void> {
  const { name, enabled } = draft.saved.peek();
  const names = await secrets.names(draft.id).catch(() => []);
  const gone = await confirm({
    title: `Delete ${name}?`,
    action: "Delete hook",
    danger: true,
    body: <Lost hook={{ version: draft.deploys.peek().length, secrets: names, enabled }} />,
    run: () => hooks.remove(draft.id),
  });
  if (!gone) return;
  draft.discard();
  draft.policy.value = {};
  toast(`${name} is deleted.`);
  navigate("/hooks");
}
