// The hook's secrets. Values go to the server, and never come back from it: what is shown is their names.
import { useSignal } from "@preact/signals";
import { KeyRound, Pencil, Plus, Trash2 } from "lucide";
import { may, secrets } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { Button, Code, confirm, Dialog, EmptyState, Field, Icon, Show, toast } from "../../ui/index.ts";
import type { Draft } from "./draft.ts";

const MOST = 20;
const LONGEST = 4_096;
/** Values of fewer characters are not masked: `runtime/masking.py`. */
const SHORTEST_MASKED = 4;

export function Secrets({ draft }: { draft: Draft }) {
  const names = useLoad(() => secrets.names(draft.id), [draft.id]);
  const writing = useSignal<string | null>(null);
  const mayChange = may("update:hooks");
  const remove = async (name: string) => {
    const sure = await confirm({
      title: `Delete ${name}?`,
      body: (
        <>
          The hook finds no <Code>context.secrets.{name}</Code> from now on, also in the version that runs. Its value can not be had back.
        </>
      ),
      action: "Delete secret",
      danger: true,
      run: () => secrets.remove(draft.id, [name]),
    });
    if (!sure) return;
    toast(`${name} is deleted.`);
    await names.reload();
  };
  return (
    <div class="panel">
      <PanelHead
        title="Secrets"
        action={
          mayChange && (
            <Button small icon={Plus} disabled={(names.data.value?.length ?? 0) >= MOST} onClick={() => (writing.value = "")}>
              Add secret
            </Button>
          )
        }
      >
        Sealed, masked in logs (from {SHORTEST_MASKED} characters on), and shown to nobody once they are written. They apply at once, without a new version.
      </PanelHead>
      <Show of={names}>
        {(found) =>
          found.length ? (
            <ul class="list-rows">
              {found.map((name) => (
                <li key={name} class="list-row">
                  <Icon of={KeyRound} size={15} />
                  <span class="row-main">
                    <span class="mono truncate" title={name}>
                      {name}
                    </span>
                    <span class="faint hidden-value" aria-label="The value is hidden">
                      ••••••••
                    </span>
                  </span>
                  {mayChange && (
                    <span class="row-acts">
                      <Button kind="ghost" small icon={Pencil} label={`Replace ${name}`} onClick={() => (writing.value = name)} />
                      <Button kind="ghost" small icon={Trash2} label={`Delete ${name}`} onClick={() => void remove(name)} />
                    </span>
                  )}
                </li>
              ))}
            </ul>
          ) : (
            <EmptyState icon={KeyRound} title="No secrets yet">
              An API key that the hook needs does not belong into its script. Here it has a name, and the hook finds it as <Code>context.secrets.NAME</Code>; an Action as{" "}
              <Code>event.secrets.NAME</Code>.
            </EmptyState>
          )
        }
      </Show>
      {writing.value !== null && (
        <Writing
          id={draft.id}
          name={writing.value}
          taken={names.data.value ?? []}
          onClose={() => (writing.value = null)}
          onDone={() => {
            writing.value = null;
            void names.reload();
          }}
        />
      )}
    </div>
  );
}

function Writing({ id, name, taken, onClose, onDone }: { id: string; name: string; taken: string[]; onClose: () => void; onDone: () => void }) {
  const typed = useSignal(name);
  const value = useSignal("");
  const wrong = useSignal("");
  const busy = useSignal(false);
  const isNew = name === "";
  const isShort = value.value !== "" && [...value.value].length < SHORTEST_MASKED;
  const sealed = "It is sealed by the server, and can not be read again.";
  const write = async () => {
    const called = typed.value.trim();
    if (!called) return void (wrong.value = "A secret needs a name.");
    if (isNew && taken.includes(called)) return void (wrong.value = `There is a secret ${called} already: replace it in the list.`);
    if (!value.value) return void (wrong.value = "A secret needs a value.");
    busy.value = true;
    try {
      await (isNew ? secrets.add : secrets.update)(id, { [called]: value.value });
      toast(isNew ? `${called} is there.` : `${called} has its new value.`);
      onDone();
    } catch (error) {
      wrong.value = (error as Error).message;
      busy.value = false;
    }
  };
  return (
    <Dialog
      title={isNew ? "Add a secret" : `Replace ${name}`}
      onClose={onClose}
      onSubmit={() => void write()}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy.value}>
            {isNew ? "Add secret" : "Replace value"}
          </Button>
        </>
      }
    >
      {isNew && (
        <Field label="Name" hint="As the script calls it: letters, digits and underscores are easiest.">
          {(ids) => (
            <input
              {...ids}
              class="input mono"
              data-first
              autocomplete="off"
              spellcheck={false}
              maxLength={128}
              value={typed.value}
              onInput={(event) => {
                typed.value = event.currentTarget.value;
                wrong.value = "";
              }}
            />
          )}
        </Field>
      )}
      <Field label={isNew ? "Value" : "New value"} hint={isShort ? `${sealed} With fewer than ${SHORTEST_MASKED} characters it is not masked where the hook prints it.` : sealed} wrong={wrong.value || undefined}>
        {(ids) => (
          <input
            {...ids}
            class="input mono"
            type="password"
            autocomplete="new-password"
            maxLength={LONGEST}
            data-first={isNew ? undefined : true}
            value={value.value}
            onInput={(event) => {
              value.value = event.currentTarget.value;
              wrong.value = "";
            }}
          />
        )}
      </Field>
    </Dialog>
  );
}

export function PanelHead(props: { title: string; action?: preact.ComponentChildren; children?: preact.ComponentChildren }) {
  return (
    <header class="panel-head">
      <div>
        <h2>{props.title}</h2>
        {props.children && <p class="muted">{props.children}</p>}
      </div>
      {props.action}
    </header>
  );
}
