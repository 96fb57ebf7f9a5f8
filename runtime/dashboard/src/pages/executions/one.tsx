// One execution: what was decided and why, what the hook said and asked for, what it took.
import { FlaskConical } from "lucide";
import type { ComponentChildren } from "preact";
import { type Execution as Record, executions } from "../../api.ts";
import { bytes, moment, ms } from "../../format.ts";
import { useLoad } from "../../load.ts";
import { href } from "../../router.ts";
import { point } from "../../triggers.ts";
import { Badge, ButtonLink, Code, CodeBlock, CopyButton, OutcomeBadge, outcomeOf, Show, Skeleton, Table, Text, Time, visible } from "../../ui/index.ts";
import { ConsoleLines } from "../console.tsx";
import { PageHead } from "../head.tsx";
import { MEANINGS } from "./meanings.ts";

export function Execution({ id }: { id: string }) {
  const loaded = useLoad(() => executions.get(id), [id]);
  const row = loaded.data.value;
  return (
    <div class="page">
      <PageHead
        title={row ? row.hook : "Execution"}
        above={
          <nav class="crumbs" aria-label="Breadcrumb">
            <a href={href("/executions")}>Executions</a>
          </nav>
        }
        actions={
          row?.request != null && (
            <ButtonLink to={`/hooks/${row.hook_id}?tab=test&execution=${row.id}`} icon={FlaskConical}>
              Use as test input
            </ButtonLink>
          )
        }
      >
        <span class="one-id">
          <Code>{id}</Code>
          <CopyButton text={id} label="Copy the ID" />
        </span>
      </PageHead>
      <Show of={loaded} back={{ to: "/executions", label: "To the executions" }} wait={<div class="card"><Skeleton rows={6} /></div>}>
        {(execution) => <Details row={execution} />}
      </Show>
    </div>
  );
}

function Details({ row }: { row: Record }) {
  return (
    <div class="details">
      <Verdict row={row} />
      <Facts row={row} />
      {row.hook_error?.stack && (
        <Part title="Stack">
          <CodeBlock text={row.hook_error.stack} label="Stack" copy wrap />
        </Part>
      )}
      <Part title="Console" count={row.console.length}>
        {row.console.length ? <div class="card console-card"><ConsoleLines lines={row.console} /></div> : <p class="muted">The hook wrote nothing.</p>}
      </Part>
      {row.dropped.length > 0 && <Dropped row={row} />}
      {row.operations.length > 0 && <Operations row={row} />}
      {row.answer !== null && (
        <Part title="Answer">
          <CodeBlock text={pretty(row.answer)} label="Answer" copy wrap />
        </Part>
      )}
      <Part title="Request">
        {row.request === null ? (
          <p class="muted">
            Not kept: requests stand in the log only with <Code>[log] requests = true</Code>, and up to 16 kB.
          </p>
        ) : (
          <CodeBlock text={JSON.stringify(row.request, null, 2)} label="Request" copy />
        )}
      </Part>
    </div>
  );
}

function Verdict({ row }: { row: Record }) {
  const outcome = outcomeOf(row);
  return (
    <div class={`card verdict ${outcome}`}>
      <OutcomeBadge outcome={outcome} />
      <div class="verdict-text">
        <p class="verdict-main">{visible(sentence(row))}</p>
        {row.hook_error && (
          <p class="mono verdict-error">
            <Text of={`${row.hook_error.name}: ${row.hook_error.message}`} />
          </p>
        )}
      </div>
    </div>
  );
}

function sentence(row: Record): string {
  const outcome = outcomeOf(row);
  const grant = point(row.trigger)?.grant;
  if (outcome === "allow") return grant ? "It was allowed, with what the hook answered." : "It was allowed.";
  const told = row.error ? ` The caller was told ${row.error}${row.error_description ? `: ${row.error_description}` : ""}.` : "";
  if (outcome === "deny") return `The hook refused.${told}`;
  const why = MEANINGS[row.hook_error!.code] ?? "The hook broke.";
  return `${why}${row.decision === "allow" ? " It passed all the same, as the hook's policy says." : told}`;
}

function Facts({ row }: { row: Record }) {
  return (
    <dl class="card facts">
      <Fact name="When">
        <Time at={row.at} /> <span class="faint">{moment(row.at)}</span>
      </Fact>
      <Fact name="Hook">
        <a class="fact-hook truncate" href={href(`/hooks/${row.hook_id}`)} title={row.hook}>
          {row.hook}
        </a>
      </Fact>
      <Fact name="Extensibility point">{point(row.trigger)?.title ?? row.trigger}</Fact>
      <Fact name="Client">{row.client ? <a href={href(`/executions?client=${encodeURIComponent(row.client)}`)}>{visible(row.client)}</a> : "–"}</Fact>
      <Fact name="Duration">{ms(row.duration_ms)}</Fact>
      <Fact name="CPU time">{ms(row.cpu_ms)}</Fact>
      <Fact name="Memory">{row.memory_bytes ? bytes(row.memory_bytes) : "–"}</Fact>
      <Fact name="Version">
        <span title={row.version}>
          <Code>{row.version.slice(0, 10)}</Code>
        </span>
      </Fact>
      <Fact name="Request ID">
        <span class="mono">{visible(row.request_id) || "–"}</span>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="num">{children}</dd>
    </div>
  );
}

function Part({ title, count, children }: { title: string; count?: number; children: ComponentChildren }) {
  return (
    <section class="part">
      <h2>
        {title} {count ? <Badge>{count}</Badge> : null}
      </h2>
      {children}
    </section>
  );
}

function Dropped({ row }: { row: Record }) {
  return (
    <Part title="Dropped claims" count={row.dropped.length}>
      <div class="card">
        <Table label="Dropped claims" head={["Claim", "Of", "Why"]}>
          {row.dropped.map((claim) => (
            <tr key={claim.token + claim.name}>
              <td class="mono"><Text of={claim.name} /></td>
              <td class="muted">{claim.token.replace("_", " ")}</td>
              <td>{claim.reason}</td>
            </tr>
          ))}
        </Table>
      </div>
    </Part>
  );
}

function Operations({ row }: { row: Record }) {
  return (
    <Part title="Operations" count={row.operations.length}>
      <div class="card">
        <Table label="Operations" head={["Kind", "Host", "Status", { text: "Time", right: true }, "Error"]}>
          {row.operations.map((operation, index) => (
            <tr key={index}>
              <td>{[operation.kind.replace("_", " "), operation.method].filter(Boolean).join(" ")}</td>
              <td class="mono">{operation.host ?? "–"}</td>
              <td class="num">{operation.status ?? "–"}</td>
              <td class="right num">{ms(operation.ms)}</td>
              <td class="mono bad-text">{operation.error ?? ""}</td>
            </tr>
          ))}
        </Table>
      </div>
    </Part>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // its beginning only
  }
}
