// For whom the hook runs, in which order, and what its failure means.
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { X } from "lucide";
import { type Decision, hooks, may, type Policy } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { point } from "../../triggers.ts";
import { Button, Choices, Field, Icon, Notice, Show, toast } from "../../ui/index.ts";
import type { Draft } from "./draft.ts";
import { PanelHead } from "./secrets.tsx";

const ON_ERROR = [
  { value: "deny" as const, title: "Deny", about: "It throws, hangs or answers nonsense: no token, or no change. The safe way." },
  { value: "allow" as const, title: "Allow", about: "The answer is what it was before this hook. A denial of its own stays one." },
];

export function PolicyPanel({ draft }: { draft: Draft }) {
  const policy = useLoad(() => hooks.policy(draft.id), [draft.id]);
  return (
    <div class="panel">
      <PanelHead title="Policy">Applies at once, to the version that runs.</PanelHead>
      <Show of={policy}>{(saved) => <Form key={JSON.stringify(saved)} draft={draft} saved={saved} onSaved={(next) => (policy.data.value = next)} />}</Show>
    </div>
  );
}

function Form({ draft, saved, onSaved }: { draft: Draft; saved: Policy; onSaved: (next: Policy) => void }) {
  const begun = { ...saved, ...draft.policy.peek() };
  const clients = useSignal(begun.clients);
  const audiences = useSignal(begun.audiences);
  const order = useSignal(begun.order === null ? "" : String(begun.order));
  const onError = useSignal<Decision>(begun.on_error);
  const wrong = useSignal("");
  const busy = useSignal(false);
  const { grant, title } = point(draft.trigger)!;
  const hasClients = grant || draft.trigger === "send-phone-message";
  const mayChange = may("update:hooks");

  const changed = (): Partial<Policy> => ({
    ...(clients.value.join("\n") === saved.clients.join("\n") ? {} : { clients: clients.value }),
    ...(audiences.value.join("\n") === saved.audiences.join("\n") ? {} : { audiences: audiences.value }),
    ...(order.value.trim() === (saved.order === null ? "" : String(saved.order)) ? {} : { order: order.value.trim() === "" ? null : Number(order.value) }),
    ...(onError.value === saved.on_error ? {} : { on_error: onError.value }),
  });
  const isDirty = Object.keys(changed()).length > 0;
  useSignalEffect(() => void (draft.policy.value = changed()));

  const save = async () => {
    busy.value = true;
    wrong.value = "";
    try {
      const { policy, remarks } = await hooks.setPolicy(draft.id, changed());
      toast(remarks.disabled ? `The policy is saved; ${remarks.disabled} is disabled now.` : "The policy is saved.");
      if (remarks.warning) toast(remarks.warning, { tone: "warn" });
      draft.policy.value = {};
      onSaved(policy);
    } catch (error) {
      wrong.value = (error as Error).message;
    }
    busy.value = false;
  };

  return (
    <form
      class="policy"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Names label="Clients" one="client" of={clients} disabled={!mayChange} hint={hasClients ? "Client IDs for which it runs; none: for all." : `Events of ${title} have no client: bound to one, the hook never runs.`} />
      <Names
        label="Audiences"
        one="audience"
        of={audiences}
        disabled={!mayChange}
        hint={grant ? "APIs for which it runs; none: for all." : `Events of ${title} have no audience: bound to one, the hook never runs.`}
      />
      <Field label="Order" hint="With an order it is enabled beside others, the lowest first. Empty: it is the one that runs for everybody, or for those above.">
        {(ids) => (
          <input {...ids} class="input small num order-input" inputMode="numeric" pattern="-?[0-9]*" disabled={!mayChange} value={order.value} onInput={(event) => (order.value = event.currentTarget.value)} />
        )}
      </Field>
      <Choices<Decision> legend="When it fails" value={onError.value} onChange={(value) => (onError.value = value)} disabled={!mayChange} options={ON_ERROR} />
      {wrong.value && (
        <Notice tone="bad">{wrong.value}</Notice>
      )}
      {mayChange && (
        <div>
          <Button kind={isDirty ? "primary" : "plain"} type="submit" busy={busy.value} disabled={!isDirty}>
            Save policy
          </Button>
        </div>
      )}
    </form>
  );
}

/** A list of texts: Enter or a comma adds one. */
function Names({ label, one, of, hint, disabled }: { label: string; one: string; of: Signal<string[]>; hint: string; disabled: boolean }) {
  const typed = useSignal("");
  const add = () => {
    const found = typed.value.split(/[,\s]+/).filter(Boolean);
    of.value = [...new Set([...of.value, ...found])];
    typed.value = "";
  };
  return (
    <Field label={label} hint={hint}>
      {(ids) => (
        <div class="names">
          {of.value.map((name) => (
            <span key={name} class="name-chip">
              <span class="mono truncate" title={name}>
                {name}
              </span>
              {!disabled && (
                <button type="button" aria-label={`Remove ${name}`} onClick={() => (of.value = of.value.filter((other) => other !== name))}>
                  <Icon of={X} size={13} />
                </button>
              )}
            </span>
          ))}
          <input
            {...ids}
            class="names-input mono"
            placeholder={of.value.length ? `Another ${one}` : `Any ${one}`}
            disabled={disabled}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="none"
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
            onBlur={add}
            onKeyDown={(event) => {
              if (event.key === "Backspace" && !typed.value) of.value = of.value.slice(0, -1);
              if ((event.key !== "Enter" && event.key !== ",") || !typed.value.trim()) return;
              event.preventDefault();
              add();
            }}
          />
        </div>
      )}
    </Field>
  );
}
