// All hooks, by extensibility point. Points that have none yet stand at the end, and say what they are for.
import { Plus, Search, SearchX, Webhook } from "lucide";
import { useState } from "preact/hooks";
import { hooks, type ListedHook, may, type TriggerId } from "../../api.ts";
import { count } from "../../format.ts";
import { useLoad } from "../../load.ts";
import { query, setQuery } from "../../router.ts";
import { type Point, POINTS, signature } from "../../triggers.ts";
import { Button, Code, EmptyState, Icon, Show, Skeleton } from "../../ui/index.ts";
import { PageHead } from "../head.tsx";
import { CreateHook } from "./create.tsx";
import { HookRow } from "./row.tsx";

/** So many hooks can be looked through without a search. */
const FEW = 6;

export function Hooks() {
  const listed = useLoad(hooks.list, []);
  // In the address, so that whoever wants to create one from elsewhere comes here.
  const creating = query.value.get("create");
  const setCreating = (point: TriggerId | "") => setQuery({ create: point || "new" });
  const [wanted, setWanted] = useState("");
  const all = listed.data.value ?? [];
  return (
    <div class="page">
      <PageHead
        title="Hooks"
        actions={
          <>
            {all.length > FEW && (
              <div class="with-icon search">
                <Icon of={Search} size={15} />
                <input class="input small" type="search" aria-label="Find a hook" placeholder="Find a hook" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
              </div>
            )}
            {may("create:hooks") && (
              <Button kind="primary" icon={Plus} onClick={() => setCreating("")}>
                Create New Hook
              </Button>
            )}
          </>
        }
      >
        A hook is a few lines of JavaScript that run while a token is issued, or something happens to a user.
      </PageHead>
      <Show of={listed} wait={<Waiting />}>
        {() => <Points all={all} wanted={wanted.trim().toLowerCase()} change={(next) => (listed.data.value = next)} reload={listed.reload} create={setCreating} />}
      </Show>
      {creating && may("create:hooks") && <CreateHook point={POINTS.find(({ id }) => id === creating)?.id ?? ""} taken={all} onClose={() => setQuery({ create: "" })} />}
    </div>
  );
}

interface Parts {
  all: ListedHook[];
  change: (next: ListedHook[]) => void;
  reload: () => Promise<void>;
  create: (id: TriggerId) => void;
}

function Points({ all, wanted, ...rest }: Parts & { wanted: string }) {
  const found = all.filter((hook) => hook.name.toLowerCase().includes(wanted) || hook.triggerId.includes(wanted));
  const used = POINTS.filter((row) => found.some((hook) => hook.triggerId === row.id));
  const free = POINTS.filter((row) => !all.some((hook) => hook.triggerId === row.id));
  if (wanted && !found.length) {
    return (
      <EmptyState icon={SearchX} title="No hook has this name">
        Of {count(all.length, "hook")}, none has “{wanted}” in its name or in its extensibility point.
      </EmptyState>
    );
  }
  return (
    <div class="points">
      {!all.length && <First />}
      {used.map((row) => (
        <PointHooks key={row.id} row={row} found={found.filter((hook) => hook.triggerId === row.id)} all={all} {...rest} />
      ))}
      {!wanted && free.length > 0 && <FreePoints free={free} all={all} create={rest.create} />}
    </div>
  );
}

function First() {
  return (
    <div class="card">
      <EmptyState icon={Webhook} title="No hooks yet">
        Your token server asks hookd at an <em>extensibility point</em>; what is enabled there decides. Choose one of these and begin with a template.
      </EmptyState>
    </div>
  );
}

function PointHooks({ row, found, all, change, reload, create }: Parts & { row: Point; found: ListedHook[] }) {
  const enabled = found.filter((hook) => hook.enabled).length;
  return (
    <section class="point" aria-labelledby={row.id}>
      <div class="point-head">
        <div class="point-names">
          <h2 id={row.id}>{row.title}</h2>
          <Code>{row.id}</Code>
        </div>
        {may("create:hooks") && (
          <Button kind="ghost" small icon={Plus} label={`Create a hook at ${row.title}`} onClick={() => create(row.id)} />
        )}
      </div>
      <p class="muted point-about">
        {row.when} {row.what}
      </p>
      <ul class="card hook-list">
        {found.map((hook) => (
          <HookRow key={hook.id} hook={hook} all={all} change={change} reload={reload} />
        ))}
      </ul>
      {enabled === 0 && <p class="faint point-note">None is enabled: {row.grant ? "tokens are issued as they were asked for." : "nothing is asked or told here."}</p>}
    </section>
  );
}

function FreePoints({ free, all, create }: { free: Point[]; all: ListedHook[]; create: (id: TriggerId) => void }) {
  return (
    <section class="point" aria-labelledby="free-points">
      {all.length > 0 && (
        <>
          <div class="point-head">
            <h2 id="free-points">Extensibility points without a hook</h2>
          </div>
          <p class="muted point-about">Nothing is decided there until one is enabled.</p>
        </>
      )}
      <ul class="free-points" aria-label={all.length ? undefined : "Extensibility points"}>
        {free.map((row) => (
          <li key={row.id} class="card free-point">
            <h3>{row.title}</h3>
            <p class="muted">{row.when}</p>
            <code class="faint free-signature">{signature(row)}</code>
            {may("create:hooks") && (
              <Button small icon={Plus} onClick={() => create(row.id)} aria-label={`Create a hook at ${row.title}`}>
                Create hook
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Waiting() {
  return (
    <div class="points">
      {[2, 1].map((rows) => (
        <div key={rows} class="card">
          <Skeleton rows={rows} />
        </div>
      ))}
    </div>
  );
}
