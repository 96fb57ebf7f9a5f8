// The log as it happens: what hooks write to their console, and how they end, newest at the bottom.
import { ArrowDown, Eraser, Filter, Pause, Play, ScrollText } from "lucide";
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { type Execution, type ExecutionFilter, executions, type Level } from "../api.ts";
import { count, ms, time } from "../format.ts";
import { href, query, setQuery } from "../router.ts";
import { follow, type TailState } from "../tail.ts";
import { POINTS } from "../triggers.ts";
import { Badge, Button, complain, EmptyState, Icon, Notice, OutcomeBadge, outcomeOf, Text, visible } from "../ui/index.ts";
import { ConsoleLines } from "./console.tsx";
import { PageHead } from "./head.tsx";

/** Executions that are kept on the page. */
const MOST = 500;
/** Of those that were before it was opened. */
const EARLIER = 20;

export interface LogProps {
  filter: ExecutionFilter;
  /** Beside an editor there is less room, and only one hook. */
  narrow?: boolean;
}

export function Logs() {
  const { trigger, level } = { trigger: query.value.get("trigger") ?? "", level: query.value.get("level") ?? "" };
  return (
    <div class="page wide log-page">
      <PageHead title="Logs">What hooks say and how they end, as it happens.</PageHead>
      <div class="filters" role="search" aria-label="Filters">
        <select class="select small" aria-label="Extensibility point" value={trigger} onChange={(event) => setQuery({ trigger: event.currentTarget.value })}>
          <option value="">All extensibility points</option>
          {POINTS.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
        <select class="select small" aria-label="Level" value={level} onChange={(event) => setQuery({ level: event.currentTarget.value })}>
          <option value="">Any level</option>
          <option value="warn">Warnings and errors</option>
          <option value="error">Errors</option>
        </select>
      </div>
      <LiveLog key={`${trigger} ${level}`} filter={{ ...(trigger ? { trigger: trigger as never } : {}), ...(level ? { level: level as Level } : {}) }} />
    </div>
  );
}

/** The log itself, for any page: it listens as long as it is shown. */
export function LiveLog({ filter, narrow = false }: LogProps) {
  const rows = useSignal<Execution[]>([]);
  const held = useSignal<Execution[]>([]);
  const missed = useSignal(0);
  const paused = useSignal(false);
  const state = useSignal<TailState>("connecting");
  const why = useSignal("");
  const wanted = useSignal("");
  const fits = useComputed(() => rows.value.filter((row) => contains(row, wanted.value.trim().toLowerCase())));

  useEffect(() => {
    let stop = () => {};
    let left = false;
    const take = (execution: Execution) => {
      if (paused.peek()) held.value = [...held.peek(), execution].slice(-MOST);
      else rows.value = [...rows.peek(), execution].slice(-MOST);
    };
    const begin = (earlier: Execution[]) => {
      if (left) return;
      rows.value = earlier;
      stop = follow(
        filter,
        {
          onExecution: take,
          onMissed: (number) => (missed.value += number ?? 1),
          onState: (next, reason = "") => {
            state.value = next;
            why.value = reason;
          },
        },
        earlier.at(-1)?.id,
      );
    };
    executions.list({ ...filter, limit: EARLIER }).then(
      (page) => begin(page.executions.reverse()),
      (error) => (complain(error), begin([])),
    );
    return () => {
      left = true;
      stop();
    };
  }, [JSON.stringify(filter)]);

  const toggle = () => {
    paused.value = !paused.value;
    if (paused.value) return;
    rows.value = [...rows.value, ...held.value].slice(-MOST);
    held.value = [];
  };

  return (
    <section class={narrow ? "card log narrow" : "card log"} aria-label="Live log">
      <header class="log-head">
        <State state={state.value} why={why.value} paused={paused.value} />
        <div class="log-tools">
          <div class="with-icon">
            <Icon of={Filter} size={14} />
            <input class="input small" type="search" aria-label="Find in the log" placeholder="Find in the log" value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
          </div>
          <Button small icon={paused.value ? Play : Pause} aria-pressed={paused.value} onClick={toggle}>
            {paused.value ? `Resume${held.value.length ? ` (${held.value.length})` : ""}` : "Pause"}
          </Button>
          <Button small icon={Eraser} onClick={() => (rows.value = [])}>
            Clear
          </Button>
        </div>
      </header>
      {missed.value > 0 && <Notice tone="warn">{count(missed.value, "execution")} came too fast for this page. They are in the list of executions.</Notice>}
      <Rows rows={fits.value} waiting={!rows.value.length} />
    </section>
  );
}

function State({ state, why, paused }: { state: TailState; why: string; paused: boolean }) {
  if (paused) return <Badge icon={Pause}>Paused</Badge>;
  if (state === "live")
    return (
      <Badge tone="ok">
        <span class="live-dot" aria-hidden="true" />
        Live
      </Badge>
    );
  return (
    <span class="log-state" role="status">
      <Badge tone={state === "waiting" ? "warn" : "plain"}>{state === "waiting" ? "Reconnecting" : "Connecting"}</Badge>
      {why && <span class="faint truncate">{why}</span>}
    </span>
  );
}

function Rows({ rows, waiting }: { rows: Execution[]; waiting: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const away = useSignal(false);
  const down = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  useLayoutEffect(() => {
    if (follows.current) down();
  }, [rows]);
  const look = () => {
    const { scrollTop, clientHeight, scrollHeight } = box.current!;
    follows.current = scrollHeight - scrollTop - clientHeight < 40;
    away.value = !follows.current;
  };
  return (
    <div class="log-room">
      <div ref={box} class="log-rows" role="log" aria-label="Executions" tabIndex={0} onScroll={look}>
        {rows.map((row) => (
          <Row key={row.id} row={row} />
        ))}
        {!rows.length && (
          <EmptyState icon={ScrollText} title={waiting ? "Waiting for an execution" : "Nothing here has this text"}>
            {waiting ? "Keep this open: as soon as a hook runs, it stands here, with every line that it writes to its console." : "Other executions are hidden by what you look for."}
          </EmptyState>
        )}
      </div>
      {away.value && (
        <div class="to-end">
          <Button small icon={ArrowDown} onClick={down}>
            To the newest
          </Button>
        </div>
      )}
    </div>
  );
}

function Row({ row }: { row: Execution }) {
  return (
    <article class="log-row">
      <div class="log-line">
        <a class="log-time num" href={href(`/executions/${row.id}`)}>
          {time(row.at)}
        </a>
        <OutcomeBadge outcome={outcomeOf(row)} />
        <span class="log-hook truncate" title={row.hook}>
          {row.hook}
        </span>
        {row.client && (
          <span class="log-client muted truncate" title={row.client}>
            {visible(row.client)}
          </span>
        )}
        <span class="faint num log-took">{ms(row.duration_ms)}</span>
      </div>
      <ConsoleLines lines={row.console} />
      {row.hook_error && (
        <p class={`console console-line log-error ${outcomeOf(row)}`}>
          <span class="console-level">{outcomeOf(row) === "deny" ? "denied" : "failed"}</span>
          <span class="console-text">
            <Text of={`${row.hook_error.name}: ${row.hook_error.message}`} />
          </span>
        </p>
      )}
    </article>
  );
}

function contains(row: Execution, text: string): boolean {
  if (!text) return true;
  const all = [row.hook, row.client, row.id, row.request_id, row.hook_error?.message, ...row.console.map((line) => line.text)];
  return all.some((part) => part?.toLowerCase().includes(text));
}
