// The hook editor: what is written on the left, what it does, has and did on the right.
import { useComputed } from "@preact/signals";
import { effect } from "@preact/signals";
import { CodeXml, FlaskConical, History, KeyRound, Package, Save, ScrollText, SlidersHorizontal, WrapText } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { may } from "../../api.ts";
import { type Command, FORMAT, isPressed, SAVE, useCommands } from "../../commands.ts";
import { lazily } from "../../lazily.tsx";
import { useLoad } from "../../load.ts";
import { query, setQuery, useGuard } from "../../router.ts";
import { ErrorState, Skeleton, Tabs, toast } from "../../ui/index.ts";
import { PageHead } from "../head.tsx";
import { type Draft as DraftType, Draft, isAboutModules } from "./draft.ts";
import { FaultBar, save } from "./fault.tsx";
import { Header } from "./header.tsx";
import { isNarrow } from "./narrow.ts";
import { HookLog } from "./log.tsx";
import { Modules } from "./modules.tsx";
import { PolicyPanel } from "./policy.tsx";
import { Secrets } from "./secrets.tsx";
import { Split } from "./split.tsx";
import { TestPanel } from "./test/index.tsx";
import { Versions } from "./versions.tsx";

const CodeEditor = lazily(() => import("./editor/code.tsx").then((module) => module.CodeEditor));

const TABS = [
  { id: "code", label: "Code", icon: CodeXml },
  { id: "test", label: "Test", icon: FlaskConical },
  { id: "log", label: "Log", icon: ScrollText },
  { id: "secrets", label: "Secrets", icon: KeyRound },
  { id: "modules", label: "Modules", icon: Package },
  { id: "versions", label: "Versions", icon: History },
  { id: "policy", label: "Policy", icon: SlidersHorizontal },
] as const;
type TabId = (typeof TABS)[number]["id"];

export function HookPage({ id }: { id: string }) {
  const loaded = useLoad(() => Draft.load(id), [id]);
  const draft = loaded.data.value;
  if (loaded.error.value && !draft) {
    return (
      <div class="page">
        <PageHead title="Hook" />
        <ErrorState error={loaded.error.value} retry={loaded.reload} back={{ to: "/hooks", label: "To the hooks" }} />
      </div>
    );
  }
  return draft ? <Workspace draft={draft} /> : <Waiting />;
}

function Waiting() {
  return (
    <div class="workspace">
      <div class="hook-head">
        <span class="skeleton w20" />
      </div>
      <Skeleton rows={6} />
    </div>
  );
}

function Workspace({ draft }: { draft: DraftType }) {
  useGuard(() => draft.isUnsaved);
  useEffect(() => {
    if (draft.restore()) toast("What you had not saved is here again.", { tone: "plain", action: { label: "Discard", run: () => draft.discard() } });
    const stop = effect(() => draft.keep());
    return () => {
      stop();
      draft.forget(); // who leaves the page said so; without a session it stays
    };
  }, [draft]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isPressed(event, SAVE)) return;
      event.preventDefault();
      if (may("update:hooks")) void save(draft);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [draft]);

  const asked = query.value.get("tab") as TabId | null;
  const tabs = TABS.filter((tab) => tab.id !== "code" || isNarrow.value);
  const tab = tabs.find(({ id }) => id === asked)?.id ?? tabs[0]!.id;
  const choose = (id: TabId) => setQuery({ tab: id });
  useCommands(() => [...(may("update:hooks") ? edits(draft) : []), ...tabs.map(({ id, label, icon }) => ({ group: "This hook", title: label, icon, run: () => choose(id) }))], [draft, isNarrow.value]);
  const hasModuleFault = useComputed(() => !!draft.fault.value && isAboutModules(draft.fault.value));

  return (
    <div class="workspace" data-tab={tab}>
      <Header draft={draft} />
      <Split
        left={
          <section class="code-pane" aria-label="Script">
            <FaultBar draft={draft} showModules={() => choose("modules")} />
            <CodeEditor draft={draft} readOnly={!may("update:hooks")} wait={<pre class="code-wait">{draft.script.value}</pre>} />
          </section>
        }
        right={
          <section class="panel-pane" aria-label="About the hook">
            <Tabs<TabId>
              label="About the hook"
              chosen={tab}
              onChoose={choose}
              tabs={tabs.map((one) => ({ ...one, extra: one.id === "modules" && hasModuleFault.value ? <span class="tab-mark" title="Something is wrong" /> : undefined }))}
            >
              <Panel draft={draft} tab={tab} />
            </Tabs>
          </section>
        }
      />
    </div>
  );
}

function edits(draft: DraftType): Command[] {
  return [
    { group: "This hook", title: "Save", icon: Save, keys: SAVE, run: () => void save(draft) },
    { group: "This hook", title: "Format the script", icon: WrapText, keys: FORMAT, run: () => draft.formats.value++ },
  ];
}

function Panel({ draft, tab }: { draft: DraftType; tab: TabId }): ComponentChildren {
  if (tab === "test") return <TestPanel draft={draft} />;
  if (tab === "log") return <HookLog draft={draft} />;
  if (tab === "secrets") return <Secrets draft={draft} />;
  if (tab === "modules") return <Modules draft={draft} />;
  if (tab === "versions") return <Versions draft={draft} />;
  if (tab === "policy") return <PolicyPanel draft={draft} />;
  return null;
}
