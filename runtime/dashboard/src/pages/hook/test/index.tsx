// The test runner: the draft as it stands in the editor, run as issuance would, with a sample or a request of the log.
import { useSignal } from "@preact/signals";
import { FlaskConical, Play } from "lucide";
import { useEffect } from "preact/hooks";
import { ApiError, type Execution, executions, hooks, type Json, may, server, type TestRun } from "../../../api.ts";
import { ago } from "../../../format.ts";
import { ariaKeys, isPressed, keysText, RUN } from "../../../commands.ts";
import { lazily } from "../../../lazily.tsx";
import { useLoad } from "../../../load.ts";
import { query, setQuery } from "../../../router.ts";
import { Button, complain, EmptyState, Notice, outcomeOf, Progress } from "../../../ui/index.ts";
import type { Draft } from "../draft.ts";
import { Result } from "./result.tsx";

const JsonEditor = lazily(() => import("../editor/json.tsx").then((module) => module.JsonEditor));

const SAMPLE = "";
const RECENT = 20;

/** What was last typed and answered, by hook: another tab of the page does not lose it. */
const kept = new Map<string, { chosen: string; text: string; result: TestRun | null }>();

export function TestPanel({ draft }: { draft: Draft }) {
  const chosen = query.value.get("execution") ?? SAMPLE;
  const text = useSignal(kept.get(draft.id)?.text ?? "");
  const result = useSignal<TestRun | null>(kept.get(draft.id)?.result ?? null);
  const wrong = useSignal("");
  const busy = useSignal(false);
  const recent = useLoad(() => (may("read:logs") ? recentOf(draft) : Promise.resolve([])), [draft.id]);

  const fill = (request: Json) => (text.value = JSON.stringify(request, null, 2));
  useEffect(() => {
    if (text.peek() && kept.get(draft.id)?.chosen === chosen) return;
    if (chosen !== SAMPLE) executions.get(chosen).then((row) => (row.request === null ? complain(new Error("This execution has no request: it was too long, or requests are not kept.")) : fill(row.request)), complain);
    else server.samples().then((samples) => fill(samples[draft.trigger]), complain);
  }, [chosen]);
  useEffect(() => () => void kept.set(draft.id, { chosen, text: text.peek(), result: result.peek() }), [draft.id, chosen]);

  const run = async () => {
    if (busy.peek() || !may("update:hooks")) return;
    wrong.value = "";
    let request: Json;
    try {
      request = JSON.parse(text.value);
    } catch (error) {
      wrong.value = `The request is no JSON: ${(error as Error).message}`;
      return;
    }
    busy.value = true;
    try {
      const { script, dependencies, engine } = draft.changes.peek();
      result.value = await hooks.test(draft.id, { ...(script === undefined ? {} : { script }), ...(dependencies ? { dependencies } : {}), ...(engine ? { engine } : {}), request });
    } catch (error) {
      result.value = null;
      wrong.value = (error as Error).message;
      if (!(error instanceof ApiError)) throw error;
    } finally {
      busy.value = false;
    }
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isPressed(event, RUN)) return;
      event.preventDefault();
      event.stopPropagation();
      void run();
    };
    addEventListener("keydown", onKey, { capture: true });
    return () => removeEventListener("keydown", onKey, { capture: true });
  }, [draft]);

  const pick = (id: string) => {
    kept.delete(draft.id);
    setQuery({ tab: "test", execution: id });
  };

  return (
    <div class="panel test">
      <div class="test-bar">
        <select class="select small" aria-label="Request" value={chosen} onChange={(event) => pick(event.currentTarget.value)}>
          <option value={SAMPLE}>Sample request</option>
          {chosen !== SAMPLE && !recent.data.value?.some((row) => row.id === chosen) && <option value={chosen}>Execution {chosen}</option>}
          {!!recent.data.value?.length && (
            <optgroup label="Executions, newest first">
              {recent.data.value.map((row) => (
                <option key={row.id} value={row.id}>
                  {ago(row.at, Date.now())} · {WORDS[outcomeOf(row)]}
                  {row.client && ` · ${row.client}`} · {row.hook}
                </option>
              ))}
            </optgroup>
          )}
        </select>
        <Button kind="primary" small icon={Play} busy={busy.value} disabled={!may("update:hooks")} aria-keyshortcuts={ariaKeys(RUN)} onClick={() => void run()}>
          Run <kbd class="on-primary">{keysText(RUN)}</kbd>
        </Button>
      </div>
      <div class="test-request">
        <JsonEditor label="Request" text={text} wait={<pre class="json-box json-wait">{text.value}</pre>} />
      </div>
      {wrong.value && (
        <Notice tone="bad">{wrong.value}</Notice>
      )}
      {busy.value && <Progress label="Running" />}
      <div class="test-result" aria-live="polite" aria-busy={busy.value}>
        {result.value ? (
          <Result run={result.value} draft={draft} />
        ) : (
          !wrong.value && (
            <EmptyState icon={FlaskConical} title="What would be decided?">
              Run takes the script as it stands in the editor, saved or not, with the hook's secrets. Nothing is deployed, and nothing recorded.
            </EmptyState>
          )
        )}
      </div>
    </div>
  );
}

const WORDS = { allow: "allowed", deny: "denied", failure: "failed" };

async function recentOf(draft: Draft): Promise<Execution[]> {
  const page = await executions.list({ trigger: draft.trigger, limit: RECENT });
  return page.executions.filter((row) => row.request !== null);
}
