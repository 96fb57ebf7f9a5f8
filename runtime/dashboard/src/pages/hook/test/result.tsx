// What a test run came to: the decision and what it is made of, what was dropped and why, what the hook said, did and took.
import { Minus, Plus, TriangleAlert } from "lucide";
import type { ComponentChildren } from "preact";
import type { Json, TestRun } from "../../../api.ts";
import { bytes, ms } from "../../../format.ts";
import { Badge, Icon, OutcomeBadge, outcomeOf, Table, Text, visible } from "../../../ui/index.ts";
import { ConsoleLines } from "../../console.tsx";
import { MEANINGS } from "../../executions/meanings.ts";
import type { Draft } from "../draft.ts";
import { Stack } from "./stack.tsx";

export function Result({ run, draft }: { run: TestRun; draft: Draft }) {
  const { console, operations, duration_ms, cpu_ms, memory_bytes } = run.run;
  const outcome = outcomeOf({ decision: run.decision, hook_error: run.hook_error ?? null });
  return (
    <div class="result">
      <div class="test-verdict">
        <OutcomeBadge outcome={outcome} />
        <span class="test-said"><Text of={said(run)} /></span>
      </div>
      <dl class="took num">
        <Took name="Wall time" value={ms(duration_ms)} />
        <Took name="CPU time" value={ms(cpu_ms)} />
        <Took name="Memory" value={bytes(memory_bytes)} />
      </dl>
      {run.hook_error && <Stack error={run.hook_error} draft={draft} />}
      {run.scope && <Part title="Scopes">{<Scopes asked={asked(run.request)} given={run.scope} />}</Part>}
      <Claims title="Claims of the access token" claims={run.claims} />
      <Claims title="Claims of the ID token" claims={run.id_token_claims} />
      {run.user !== undefined && run.user !== null && (
        <Part title="User">
          <pre class="value">{visible(JSON.stringify(run.user, null, 2))}</pre>
        </Part>
      )}
      {!!run.dropped?.length && (
        <Part title="Dropped claims">
          <ul class="dropped">
            {run.dropped.map((one) => (
              <li key={`${one.token} ${one.name}`}>
                <Icon of={TriangleAlert} size={14} />
                <span>
                  <code><Text of={one.name} /></code> of the {one.token.replaceAll("_", " ")}: {one.reason.replaceAll("_", " ")}
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )}
      <Part title="Console">{console.length ? <div class="card console-card"><ConsoleLines lines={console} /></div> : <p class="faint">The hook wrote nothing.</p>}</Part>
      {operations.length > 0 && (
        <Part title="Operations">
          <div class="card">
            <Table label="Operations" head={["What", "Answer", { text: "Time", right: true }]}>
              {operations.map((one, index) => (
                <tr key={index}>
                  <td class="mono">{[one.method, one.host ?? one.kind].filter(Boolean).join(" ")}</td>
                  <td>{one.error ? <Badge tone="bad">{one.error}</Badge> : (one.status ?? "done")}</td>
                  <td class="right num">{ms(one.ms)}</td>
                </tr>
              ))}
            </Table>
          </div>
        </Part>
      )}
    </div>
  );
}

function said(run: TestRun): string {
  if (run.hook_error && run.hook_error.code !== "denied") {
    const meaning = MEANINGS[run.hook_error.code] ?? "The hook failed.";
    return run.decision === "allow" ? `${meaning} Its policy lets the request pass all the same.` : meaning;
  }
  if (run.decision === "deny") return [run.error, run.error_description].filter(Boolean).join(": ");
  return "";
}

function asked(request: Json): string[] {
  const scope = request && typeof request === "object" && !Array.isArray(request) ? request["scope"] : [];
  return Array.isArray(scope) ? scope.map(String) : [];
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="test-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Took({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Those of the answer, and those that were asked for and are not in it. */
function Scopes({ asked, given }: { asked: string[]; given: string[] }) {
  const removed = asked.filter((scope) => !given.includes(scope));
  if (!given.length && !removed.length) return <p class="faint">None.</p>;
  return (
    <ul class="scope-list">
      {given.map((scope) => {
        const isNew = !asked.includes(scope);
        return (
          <li key={scope} class={isNew ? "scope added" : "scope"}>
            {isNew && <Icon of={Plus} size={12} />}
            <span>{visible(scope)}</span>
            {isNew && <span class="visually-hidden"> added</span>}
          </li>
        );
      })}
      {removed.map((scope) => (
        <li key={scope} class="scope removed">
          <Icon of={Minus} size={12} />
          <s>{visible(scope)}</s>
          <span class="visually-hidden"> removed</span>
        </li>
      ))}
    </ul>
  );
}

function Claims({ title, claims }: { title: string; claims: Record<string, Json> | undefined }) {
  const rows = Object.entries(claims ?? {});
  if (!claims || (!rows.length && title.includes("ID"))) return null;
  return (
    <Part title={title}>
      {rows.length ? (
        <dl class="claims">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt class="mono"><Text of={name} /></dt>
              <dd class="mono"><Text of={JSON.stringify(value)} /></dd>
            </div>
          ))}
        </dl>
      ) : (
        <p class="faint">None.</p>
      )}
    </Part>
  );
}
