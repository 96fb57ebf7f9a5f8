// The executions of a while: how many, how they ended, how long they took, and each of them. All filters stand in the address.
import { Activity, RotateCw, Search, SearchX, X } from "lucide";
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Execution, type ExecutionFilter, executions, hooks, may, type TriggerId } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { query, setQuery } from "../../router.ts";
import { POINTS } from "../../triggers.ts";
import { Button, CodeBlock, complain, EmptyState, Icon, Segments, Show, Skeleton } from "../../ui/index.ts";
import { PageHead } from "../head.tsx";
import { Charts } from "./charts.tsx";
import { ExecutionRows } from "./rows.tsx";

const PAGE = 50;
const SPANS = [
  { value: "1h", label: "1 hour", hours: 1, steps: 60 },
  { value: "24h", label: "24 hours", hours: 24, steps: 48 },
  { value: "7d", label: "7 days", hours: 168, steps: 56 },
  { value: "30d", label: "30 days", hours: 720, steps: 60 },
];
const FILTERS = ["trigger", "hook", "client", "outcome", "level", "request_id"] as const;

export function Executions() {
  const span = SPANS.find((row) => row.value === query.value.get("span")) ?? SPANS[1]!;
  const filter: ExecutionFilter = Object.fromEntries(FILTERS.map((name) => [name, query.value.get(name) ?? ""]).filter(([, value]) => value));
  const key = JSON.stringify([span.value, filter]);
  const loaded = useLoad(() => load(filter, span), [key]);
  const filtered = Object.keys(filter).length > 0;
  return (
    <div class="page wide">
      <PageHead
        title="Executions"
        actions={
          <>
            <Segments label="Time span" options={SPANS} value={span.value} onChange={(value) => setQuery({ span: value === "24h" ? "" : value })} />
            <Button icon={RotateCw} label="Refresh" onClick={loaded.reload} />
          </>
        }
      >
        Each run of a hook: what it decided, what it said, and what it took.
      </PageHead>
      <Filters filter={filter} filtered={filtered} />
      <Show of={loaded} wait={<Waiting />}>
        {({ summary, page }) =>
          summary.executions || page.executions.length ? (
            <>
              <Charts summary={summary} />
              <List key={key + page.executions[0]?.id} first={page} filter={{ ...filter, since: summary.since }} />
            </>
          ) : (
            <div class="card">{filtered ? <NothingFound /> : <NothingYet span={span.label} />}</div>
          )
        }
      </Show>
    </div>
  );
}

async function load(filter: ExecutionFilter, span: (typeof SPANS)[number]) {
  const since = new Date(Date.now() - span.hours * 3_600_000).toISOString();
  const [summary, page] = await Promise.all([
    executions.summary({ ...filter, since, steps: span.steps }),
    executions.list({ ...filter, since, limit: PAGE }),
  ]);
  return { summary, page };
}

function Filters({ filter, filtered }: { filter: ExecutionFilter; filtered: boolean }) {
  const listed = useLoad(() => (may("read:hooks") ? hooks.list() : Promise.resolve([])), []);
  const typed = useSignal(filter.client ?? "");
  useEffect(() => {
    const timer = setTimeout(() => typed.value !== (filter.client ?? "") && setQuery({ client: typed.value.trim() }), 300);
    return () => clearTimeout(timer);
  }, [typed.value]);
  return (
    <div class="filters" role="search" aria-label="Filters">
      <Narrowing label="Extensibility point" name="trigger" value={filter.trigger} none="All extensibility points" options={POINTS.map(({ id, title }) => [id, title])} />
      <Narrowing label="Hook" name="hook" value={filter.hook} none="All hooks" options={(listed.data.value ?? []).filter((hook) => !filter.trigger || hook.triggerId === (filter.trigger as TriggerId)).map(({ id, name }) => [id, name])} />
      <Narrowing
        label="Outcome"
        name="outcome"
        value={filter.outcome}
        none="All outcomes"
        options={[
          ["answer", "Allowed"],
          ["refusal", "Denied"],
          ["failure", "Failed"],
        ]}
      />
      <Narrowing
        label="Level"
        name="level"
        value={filter.level}
        none="Any level"
        options={[
          ["error", "Errors"],
          ["warn", "Warnings and errors"],
        ]}
      />
      <div class="with-icon filter-client">
        <Icon of={Search} size={15} />
        <input class="input small" type="search" aria-label="Client" placeholder="Client ID" value={typed.value} onInput={(event) => (typed.value = event.currentTarget.value)} />
      </div>
      {filtered && (
        <Button
          kind="ghost"
          small
          icon={X}
          onClick={() => {
            typed.value = "";
            setQuery(Object.fromEntries(FILTERS.map((name) => [name, ""])));
          }}
        >
          Clear
        </Button>
      )}
    </div>
  );
}

function Narrowing(props: { label: string; name: string; value: string | undefined; none: string; options: [string, string][] }) {
  return (
    <select class="select small" aria-label={props.label} value={props.value ?? ""} onChange={(event) => setQuery({ [props.name]: event.currentTarget.value })}>
      <option value="">{props.none}</option>
      {props.options.map(([value, label]) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** The first page, and the older ones that were asked for. */
function List({ first, filter }: { first: { executions: Execution[]; next: string | null }; filter: ExecutionFilter & { since: string } }) {
  const rows = useSignal(first.executions);
  const next = useSignal(first.next);
  const busy = useSignal(false);
  const more = useComputed(() => next.value !== null);
  const older = async () => {
    busy.value = true;
    try {
      const page = await executions.list({ ...filter, limit: PAGE, before: next.value! });
      rows.value = [...rows.value, ...page.executions];
      next.value = page.next;
    } catch (error) {
      complain(error);
    }
    busy.value = false;
  };
  return (
    <>
      <div class="card executions-table">
        <ExecutionRows rows={rows.value} />
      </div>
      {more.value && (
        <div class="older">
          <Button busy={busy.value} onClick={older}>
            Show older
          </Button>
        </div>
      )}
    </>
  );
}

function NothingFound() {
  return (
    <EmptyState icon={SearchX} title="No execution fits">
      Choose a longer time span, or fewer filters.
    </EmptyState>
  );
}

function NothingYet({ span }: { span: string }) {
  const curl = `curl -sS "$BASE_URL/oauth/token" -d grant_type=client_credentials \\
  -d client_id="$CLIENT_ID" -d client_secret="$CLIENT_SECRET" -d audience="$AUDIENCE"`;
  return (
    <EmptyState icon={Activity} title={`Nothing ran in the last ${span}`} more={<CodeBlock text={curl} label="Ask for a token" copy />}>
      An execution is recorded whenever an enabled hook runs. Ask your token server for a token; with the demo's values in a shell, this does:
    </EmptyState>
  );
}

function Waiting() {
  return (
    <>
      <div class="charts">
        <div class="card chart" />
        <div class="card chart" />
      </div>
      <div class="card">
        <Skeleton rows={8} />
      </div>
    </>
  );
}
