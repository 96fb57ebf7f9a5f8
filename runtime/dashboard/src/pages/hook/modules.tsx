// The npm modules that the hook names, and those that a deploy found for them. Names are part of the draft, as the script is.
import { useSignal } from "@preact/signals";
import { CircleAlert, Package, Plus, Trash2, TriangleAlert } from "lucide";
import { may, type Version } from "../../api.ts";
import { bytes, count } from "../../format.ts";
import { Badge, Button, Code, EmptyState, Field, Icon, Notice, Table } from "../../ui/index.ts";
import { type Draft, isAboutModules } from "./draft.ts";
import { PanelHead } from "./secrets.tsx";

export function Modules({ draft }: { draft: Draft }) {
  const names = Object.entries(draft.dependencies.value);
  const fault = draft.fault.value;
  const mayChange = may("update:hooks");
  const put = (name: string, version: string | null) => {
    const { [name]: _, ...others } = draft.dependencies.value;
    draft.dependencies.value = version === null ? others : { ...draft.dependencies.value, [name]: version };
  };
  return (
    <div class="panel">
      <PanelHead title="NPM modules">
        What <Code>require("…")</Code> finds, with a version, a range or a tag. <Code>require("ms@2.1.3")</Code> names one in the script.
      </PanelHead>
      {fault && isAboutModules(fault) && (
        <Notice tone={fault.isWarning ? "warn" : "bad"}>{fault.message}</Notice>
      )}
      {names.length > 0 && (
        <ul class="list-rows">
          {names.map(([name, version]) => (
            <li key={name} class="list-row">
              <Icon of={Package} size={15} />
              <span class="row-main">
                <span class="mono truncate" title={name}>
                  {name}
                </span>
                {fault && isAboutModules(fault) && fault.message.includes(`'${name}`) && (
                  <Badge tone="bad" icon={CircleAlert}>
                    {fault.isWarning ? "not found" : fault.code.replaceAll("_", " ")}
                  </Badge>
                )}
              </span>
              <input
                class="input small mono version-input"
                aria-label={`Version of ${name}`}
                spellcheck={false}
                readOnly={!mayChange}
                value={version}
                onInput={(event) => put(name, event.currentTarget.value)}
              />
              {mayChange && <Button kind="ghost" small icon={Trash2} label={`Remove ${name}`} onClick={() => put(name, null)} />}
            </li>
          ))}
        </ul>
      )}
      {mayChange && <Adding taken={names.map(([name]) => name)} add={put} />}
      <Found draft={draft} />
    </div>
  );
}

function Adding({ taken, add }: { taken: string[]; add: (name: string, version: string) => void }) {
  const name = useSignal("");
  const version = useSignal("");
  const wrong = useSignal("");
  const submit = () => {
    const [, called, given] = /^(@?[^@\s]+)(?:@(\S+))?$/.exec(name.value.trim()) ?? [];
    if (!called) return void (wrong.value = "A module's name, such as lodash or @scope/name.");
    if (taken.includes(called)) return void (wrong.value = `${called} is in the list already.`);
    add(called, version.value.trim() || given || "latest");
    name.value = version.value = "";
  };
  return (
    <form
      class="adding"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Field label="Module" wrong={wrong.value || undefined}>
        {(ids) => (
          <input
            {...ids}
            class="input small mono"
            placeholder="lodash"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
              wrong.value = "";
            }}
          />
        )}
      </Field>
      <Field label="Version">
        {(ids) => <input {...ids} class="input small mono" placeholder="latest" autocomplete="off" spellcheck={false} value={version.value} onInput={(event) => (version.value = event.currentTarget.value)} />}
      </Field>
      <Button small icon={Plus} type="submit">
        Add module
      </Button>
    </form>
  );
}

function Found({ draft }: { draft: Draft }) {
  const { number, modules } = draft.version.value;
  const changed = "dependencies" in draft.changes.value;
  if (!modules.length) {
    return Object.keys(draft.dependencies.value).length ? (
      <Notice>{changed ? "What is found for these names stands here once you have saved." : "The hook's script requires none of these."}</Notice>
    ) : (
      <EmptyState icon={Package} title={`Version ${number} has no modules`}>
        They are found, fetched and checked when you save, and joined with the script: a request pays nothing for them, and the version keeps what was found.
      </EmptyState>
    );
  }
  const total = modules.reduce((sum, one) => sum + one.bytes, 0);
  return (
    <section class="found" aria-label="Modules that were found">
      <h3>
        Found for version {number}
        <span class="faint">
          {" "}
          · {count(modules.length, "module")}, {bytes(total)}
        </span>
      </h3>
      <div class="card">
        <Table label="Modules that were found" head={["Module", "Version", { text: "Size", right: true }]}>
          {modules.map((one) => (
            <tr key={`${one.name}@${one.version}`}>
              <td>
                <span class="mono">{one.name}</span>
                <Remarks of={one} />
              </td>
              <td class="mono">{one.version}</td>
              <td class="right num">{bytes(one.bytes)}</td>
            </tr>
          ))}
        </Table>
      </div>
    </section>
  );
}

function Remarks({ of }: { of: Version["modules"][number] }) {
  return (
    <>
      {of.builtins.length > 0 && <div class="faint module-remark">Uses Node's {of.builtins.join(", ")}</div>}
      {of.missing.length > 0 && (
        <div class="module-remark warn-text">
          <Icon of={TriangleAlert} size={13} /> Not found: {of.missing.join(", ")}
        </div>
      )}
    </>
  );
}
