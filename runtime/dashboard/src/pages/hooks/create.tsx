// A new hook: where, from which template, with which name. It is made disabled, and the editor opens.
import { useEffect, useState } from "preact/hooks";
import type templates from "hookd:templates";
import { type Engine, hooks, type ListedHook, server, type TriggerId } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { navigate } from "../../router.ts";
import { blank, POINTS, point as pointOf } from "../../triggers.ts";
import { Button, Choices, CodeBlock, Dialog, Field, Progress, Segments, toast } from "../../ui/index.ts";

type Template = (typeof templates)[number];

const BLANK = "";

export function CreateHook({ point, taken, onClose }: { point: TriggerId | ""; taken: ListedHook[]; onClose: () => void }) {
  const [trigger, setTrigger] = useState<TriggerId>(point || "credentials-exchange");
  const [template, setTemplate] = useState(BLANK);
  const [typed, setTyped] = useState<string | null>(null);
  const [engine, setEngine] = useState<Engine>("wasm");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const offered = useTemplates().filter((row) => row.trigger === trigger);
  const settings = useLoad(server.settings, []);
  const row = pointOf(trigger)!;
  const name = typed ?? freeName(template || `my-${trigger.replace("-exchange", "")}-hook`, taken);
  const script = offered.find((one) => one.name === template)?.script ?? blank(row);

  const create = async () => {
    if (!name.trim()) return setWrong("A hook needs a name.");
    setBusy(true);
    try {
      const { hook, remarks } = await hooks.create({ name: name.trim(), script, triggerId: trigger, ...(engine === "node" ? { engine } : {}) });
      if (remarks.warning) toast(remarks.warning, { tone: "warn" });
      navigate(`/hooks/${hook.id}`);
    } catch (error) {
      setWrong((error as Error).message.replace(/^.*'String does not match pattern.*$/, "Letters, digits, spaces and hyphens; a letter or a digit first and last."));
      setBusy(false);
    }
  };

  return (
    <Dialog
      title="Create New Hook"
      wide
      onClose={onClose}
      onSubmit={create}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy}>
            Create hook
          </Button>
        </>
      }
    >
      {busy && <Progress label="Creating the hook" />}
      <div class="create">
        <div class="create-fields">
          <Field label="Extensibility point" hint={`${row.when} ${row.what}`}>
            {(ids) => (
              <select
                {...ids}
                class="select"
                value={trigger}
                onChange={(event) => {
                  setTrigger(event.currentTarget.value as TriggerId);
                  setTemplate(BLANK);
                }}
              >
                {POINTS.map(({ id, title }) => (
                  <option key={id} value={id}>
                    {title}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Name" wrong={wrong}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                data-first="true"
                autocomplete="off"
                spellcheck={false}
                maxLength={128}
                value={name}
                onFocus={(event) => event.currentTarget.select()}
                onInput={(event) => {
                  setTyped(event.currentTarget.value);
                  setWrong("");
                }}
              />
            )}
          </Field>
          <Choices
            legend="Template"
            value={template}
            onChange={setTemplate}
            options={[
              { value: BLANK, title: "Blank", about: "The parameters and one answer, to begin with." },
              ...offered.map(({ name, about }) => ({ value: name, title: name, about })),
            ]}
          />
          {(settings.data.value?.engines.length ?? 0) > 1 && (
            <div class="field">
              <span class="label">Engine</span>
              <div>
                <Segments<Engine>
                  label="Engine"
                  value={engine}
                  onChange={setEngine}
                  options={[
                    { value: "wasm", label: "WebAssembly" },
                    { value: "node", label: "Node" },
                  ]}
                />
              </div>
              <div class="hint">{engine === "wasm" ? "A fresh sandbox in a tenth of a millisecond." : "All of Node, some four milliseconds later."}</div>
            </div>
          )}
        </div>
        <div class="create-preview">
          <CodeBlock text={script} label="The hook's first version" />
        </div>
      </div>
    </Dialog>
  );
}

/** The examples, fetched when the dialog opens. */
function useTemplates(): Template[] {
  const [found, setFound] = useState<Template[]>([]);
  useEffect(() => {
    import("hookd:templates").then((module) => setFound(module.default), () => undefined);
  }, []);
  return found;
}

/** The name, or the name with a number where there is such a hook already. */
function freeName(name: string, taken: ListedHook[]): string {
  const names = new Set(taken.map((hook) => hook.name));
  let free = name;
  for (let number = 2; names.has(free); number++) free = `${name}-${number}`;
  return free;
}
