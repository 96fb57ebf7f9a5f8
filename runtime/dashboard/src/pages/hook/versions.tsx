// What was deployed: the list, what one has different, and the way back to it.
import { useSignal } from "@preact/signals";
import { GitCompare, RotateCcw } from "lucide";
import { hooks, may, type Version } from "../../api.ts";
import { lazily } from "../../lazily.tsx";
import { useLoad } from "../../load.ts";
import { Badge, Button, Code, confirm, Dialog, Notice, Show, Time, toast } from "../../ui/index.ts";
import type { Draft } from "./draft.ts";
import { isNarrow } from "./narrow.ts";
import { PanelHead } from "./secrets.tsx";

const Compare = lazily(() => import("./editor/compare.tsx").then((module) => module.Compare));

/** In place of a number: what stands in the editor. */
const DRAFT = 0;

export function Versions({ draft }: { draft: Draft }) {
  const compared = useSignal<number | null>(null);
  const [newest, ...earlier] = draft.deploys.value;
  return (
    <div class="panel">
      <PanelHead title="Versions">Each deploy is one, and stays as it was: with its script, its modules and its engine.</PanelHead>
      <ol class="list-rows">
        {draft.isDirty.value && (
          <li class="list-row">
            <span class="row-main">
              <strong>Draft</strong>
              <span class="faint">not saved yet</span>
            </span>
            <Button small icon={GitCompare} onClick={() => (compared.value = newest!.number)} aria-label={`Compare the draft with version ${newest!.number}`}>
              Changes
            </Button>
          </li>
        )}
        {draft.deploys.value.map((deploy) => (
          <li key={deploy.number} class="list-row">
            <span class="row-main">
              <strong class="num">v{deploy.number}</strong>
              <span class="muted">
                <Time at={deploy.at} />
              </span>
              {deploy === newest && <Badge tone={draft.saved.value.enabled ? "ok" : "plain"}>{draft.saved.value.enabled ? "Runs" : "Newest"}</Badge>}
              <code class="faint version-id" title={deploy.id}>
                {deploy.id.slice(0, 8)}
              </code>
            </span>
            {deploy !== newest && (
              <span class="row-acts">
                <Button kind="ghost" small icon={GitCompare} label={`Compare version ${deploy.number}`} onClick={() => (compared.value = deploy.number)} />
                {may("update:hooks") && <Button kind="ghost" small icon={RotateCcw} label={`Roll back to version ${deploy.number}`} onClick={() => void rollBack(draft, deploy.number)} />}
              </span>
            )}
          </li>
        ))}
      </ol>
      {!earlier.length && !draft.isDirty.value && <p class="muted panel-note">With the next save there are two to compare, and a way back.</p>}
      {compared.value !== null && <Comparison draft={draft} number={compared.value} onClose={() => (compared.value = null)} />}
    </div>
  );
}

function Comparison({ draft, number, onClose }: { draft: Draft; number: number; onClose: () => void }) {
  const newest = draft.deploys.value[0]!.number;
  const other = useSignal(draft.isDirty.peek() ? DRAFT : newest);
  const old = useLoad(() => hooks.version(draft.id, number), [number]);
  const now = useLoad(() => (other.value === DRAFT ? Promise.resolve(draftOf(draft)) : hooks.version(draft.id, other.value)), [other.value]);
  const name = other.value === DRAFT ? "the draft" : `version ${other.value}`;
  return (
    <div class="comparison">
      <Dialog
        title={`Version ${number} and ${name}`}
        wide
        onClose={onClose}
        foot={
          <>
            <Button onClick={onClose}>Close</Button>
            {number !== newest && may("update:hooks") && (
              <Button
                kind="primary"
                icon={RotateCcw}
                onClick={() => {
                  onClose();
                  void rollBack(draft, number);
                }}
              >
                Roll back to version {number}
              </Button>
            )}
          </>
        }
      >
        <div class="compare-choice">
          <span class="muted">Version {number} on the left, compared with</span>
          <select class="select small" aria-label="Compared with" value={other.value} onChange={(event) => (other.value = Number(event.currentTarget.value))}>
            {draft.isDirty.value && <option value={DRAFT}>the draft</option>}
            {draft.deploys.value
              .filter((deploy) => deploy.number !== number)
              .map((deploy) => (
                <option key={deploy.number} value={deploy.number}>
                  version {deploy.number}
                </option>
              ))}
          </select>
        </div>
        <Show of={old}>
          {(before) => (
            <Show of={now}>
              {(after) => (
                <>
                  <Beside old={before} now={after} />
                  {before.script === after.script ? (
                    <Notice>The scripts are the same.</Notice>
                  ) : (
                    <Compare old={{ label: `Version ${number}`, text: before.script }} now={{ label: name, text: after.script }} narrow={isNarrow.value} wait={<div class="compare" />} />
                  )}
                </>
              )}
            </Show>
          )}
        </Show>
      </Dialog>
    </div>
  );
}

type Compared = Pick<Version, "script" | "dependencies" | "engine">;

function draftOf(draft: Draft): Compared {
  return { script: draft.script.peek(), dependencies: draft.dependencies.peek(), engine: draft.engine.peek() };
}

/** What differs beside the script. */
function Beside({ old, now }: { old: Compared; now: Compared }) {
  const names = [...new Set([...Object.keys(old.dependencies), ...Object.keys(now.dependencies)])].filter((name) => old.dependencies[name] !== now.dependencies[name]);
  if (!names.length && old.engine === now.engine) return null;
  return (
    <Notice>
      <ul class="beside">
      {old.engine !== now.engine && (
        <li>
          Engine: {old.engine} → {now.engine}
        </li>
      )}
      {names.map((name) => (
        <li key={name}>
          <Code>{name}</Code> {old.dependencies[name] ?? "not there"} → {now.dependencies[name] ?? "not there"}
        </li>
      ))}
      </ul>
    </Notice>
  );
}

async function rollBack(draft: Draft, number: number): Promise<void> {
  const { enabled } = draft.saved.peek();
  const done = await confirm({
    title: `Roll back to version ${number}?`,
    body: (
      <>
        <p>It is deployed again, as the newest version{enabled ? ", and runs from now on" : ""}. Versions after it stay in the list; secrets and policy are as they are.</p>
        {draft.isDirty.peek() && <p class="warn-text">What you have not saved is lost.</p>}
      </>
    ),
    action: "Roll back",
    danger: draft.isDirty.peek(),
    run: async () => void (await draft.rollBack(number)),
  });
  if (done) toast(`Version ${number} is the newest again, as version ${draft.deploys.peek()[0]!.number}.`);
}
