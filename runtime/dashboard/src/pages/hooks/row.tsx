// One hook in the list: its name, what there is to know at a glance, its switch, and what else one can do with it.
import { CodeXml, Hash, ListOrdered, Trash2, Users } from "lucide";
import { hooks, type ListedHook, may } from "../../api.ts";
import { count } from "../../format.ts";
import { href, navigate } from "../../router.ts";
import { Badge, complain, confirm, copyText, Icon, Menu, MenuItem, OutcomeBadge, Switch, Time, toast } from "../../ui/index.ts";

interface Own {
  hook: ListedHook;
  all: ListedHook[];
  change: (next: ListedHook[]) => void;
  reload: () => Promise<void>;
}

export function HookRow({ hook, all, change, reload }: Own) {
  const { policy, last } = hook;
  const bound = policy.clients.length + policy.audiences.length;
  return (
    <li class={hook.enabled ? "hook-row" : "hook-row off"}>
      <div class="hook-main">
        <a class="hook-name" href={href(`/hooks/${hook.id}`)} title={hook.name}>
          {hook.name}
        </a>
        <div class="hook-facts">
          <span title={`Version ${hook.version}, deployed`}>
            v{hook.version} · <Time at={hook.deployed_at} />
          </span>
          {hook.engine === "node" && <Badge>Node</Badge>}
          {policy.order !== null && (
            <Badge icon={ListOrdered} title="Runs beside others, the lowest order first">
              Order {policy.order}
            </Badge>
          )}
          {bound > 0 && (
            <Badge icon={Users} title={[...policy.clients, ...policy.audiences].join(", ")}>
              {[policy.clients.length && count(policy.clients.length, "client"), policy.audiences.length && count(policy.audiences.length, "audience")].filter(Boolean).join(", ")}
            </Badge>
          )}
          {policy.on_error === "allow" && <Badge title="A failure lets the token out as it was">Fails open</Badge>}
        </div>
      </div>
      <div class="hook-last">
        {last ? (
          <a class="last-run" href={href(`/executions/${last.id}`)}>
            <span class="visually-hidden">Last execution of {hook.name}: </span>
            <OutcomeBadge outcome={last.failed ? "failure" : last.decision} />
            <span class="faint">
              <Time at={last.at} />
            </span>
          </a>
        ) : (
          <span class="faint">Never ran</span>
        )}
      </div>
      <div class="hook-acts">
        <Switch label={`Enable ${hook.name}`} on={hook.enabled} disabled={!may("update:hooks")} onChange={(on) => toggle(hook, on, all, change, reload)} />
        <Menu label={`More about ${hook.name}`}>
          <MenuItem icon={CodeXml} onClick={() => navigate(`/hooks/${hook.id}`)}>
            Open in the editor
          </MenuItem>
          <MenuItem icon={Hash} onClick={() => copyText(hook.id).then((done) => done && toast("The hook's ID is copied."))}>
            Copy the ID
          </MenuItem>
          {may("delete:hooks") && (
            <>
              <hr />
              <MenuItem icon={Trash2} danger onClick={() => remove(hook, reload)}>
                Delete…
              </MenuItem>
            </>
          )}
        </Menu>
      </div>
    </li>
  );
}

/** Shown at once, and taken back where the server says no. */
async function toggle(hook: ListedHook, on: boolean, all: ListedHook[], change: Own["change"], reload: Own["reload"]): Promise<void> {
  const alone = (other: ListedHook) => on && other.enabled && other.triggerId === hook.triggerId && other.policy.order === null && hook.policy.order === null && !bound(other) && !bound(hook);
  change(all.map((other) => (other.id === hook.id ? { ...other, enabled: on } : alone(other) ? { ...other, enabled: false } : other)));
  try {
    const { remarks } = await hooks.update(hook.id, { enabled: on });
    toast(on ? `${hook.name} is enabled${remarks.disabled ? `, in place of ${remarks.disabled}` : ""}.` : `${hook.name} is disabled.`, {
      action: { label: "Undo", run: () => void undo(hook, on, all, reload) },
    });
    await reload();
  } catch (error) {
    change(all);
    complain(error);
  }
}

async function undo(hook: ListedHook, on: boolean, before: ListedHook[], reload: Own["reload"]): Promise<void> {
  const other = before.find((row) => on && row.enabled && row.triggerId === hook.triggerId && row.id !== hook.id && row.policy.order === null);
  try {
    await (other && hook.policy.order === null && !bound(hook) ? hooks.update(other.id, { enabled: true }) : hooks.update(hook.id, { enabled: !on }));
  } catch (error) {
    complain(error);
  }
  await reload();
}

function bound({ policy }: ListedHook): boolean {
  return policy.clients.length + policy.audiences.length > 0;
}

async function remove(hook: ListedHook, reload: Own["reload"]): Promise<void> {
  const gone = await confirm({
    title: `Delete ${hook.name}?`,
    action: "Delete hook",
    danger: true,
    body: <Lost hook={hook} />,
    run: () => hooks.remove(hook.id),
  });
  if (!gone) return;
  toast(`${hook.name} is deleted.`);
  await reload();
}

/** What goes with the hook. */
export function Lost({ hook }: { hook: Pick<ListedHook, "version" | "secrets" | "enabled"> }) {
  return (
    <div class="lost">
      <p>This can not be undone. With the hook go</p>
      <ul>
        <li>
          <Icon of={CodeXml} size={14} /> its script{hook.version > 1 ? ` and its ${hook.version === 2 ? "earlier version" : `${hook.version - 1} earlier versions`}` : ""}
        </li>
        {hook.secrets.length > 0 && (
          <li>
            <Icon of={Hash} size={14} /> {count(hook.secrets.length, "secret")}: {hook.secrets.join(", ")}
          </li>
        )}
      </ul>
      <p>{hook.enabled ? "It is enabled: from now on requests pass without it. " : ""}Records of its executions stay.</p>
    </div>
  );
}
