// The editor page of one hook, in a chunk of its own: what only it needs (the editor, the TypeScript worker) loads with it.
//
// For now it shows the hook. The editor goes here: `hooks`, `secrets`, `executions` of api.ts have all that it calls,
// `useGuard` of router.ts asks before unsaved changes are lost, `isDark` of theme.ts says which theme to take.
import { CodeXml } from "lucide";
import { hooks } from "../../api.ts";
import { useLoad } from "../../load.ts";
import { href } from "../../router.ts";
import { point } from "../../triggers.ts";
import { Badge, Code, CodeBlock, Show } from "../../ui/index.ts";
import { PageHead } from "../head.tsx";

export function HookPage({ id }: { id: string }) {
  const loaded = useLoad(() => hooks.get(id), [id]);
  return (
    <div class="page">
      <Show of={loaded}>
        {(hook) => (
          <>
            <PageHead
              title={hook.name}
              above={
                <nav class="crumbs" aria-label="Breadcrumb">
                  <a href={href("/hooks")}>Hooks</a>
                </nav>
              }
              actions={<Badge tone={hook.enabled ? "ok" : "plain"} icon={CodeXml}>{hook.enabled ? "Enabled" : "Disabled"}</Badge>}
            >
              {point(hook.triggerId)?.title} <Code>{hook.triggerId}</Code>
            </PageHead>
            <CodeBlock text={hook.script} label="Script" copy />
          </>
        )}
      </Show>
    </div>
  );
}
