// Saving, and what is shown when the server did not take it.
import { CircleAlert, TriangleAlert, X } from "lucide";
import { ApiError } from "../../api.ts";
import { Button, complain, confirm, Icon, toast } from "../../ui/index.ts";
import { type Draft, isAboutModules, Overtaken } from "./draft.ts";

/** Saves, and says so. What can not be saved stays in the editor, with the reason above it. */
export async function save(draft: Draft, how: { overwrite?: boolean; enabled?: boolean } = {}): Promise<void> {
  if (draft.saving.peek() || (!draft.isDirty.peek() && how.enabled === undefined)) return;
  const before = draft.deploys.peek()[0]!.number;
  try {
    const remarks = await draft.save(how);
    const now = draft.deploys.peek()[0]!.number;
    if (remarks.warning) return;
    toast(now === before ? "Saved." : `Saved as version ${now}${draft.saved.peek().enabled ? ", which runs from now on" : ""}.`);
  } catch (error) {
    if (error instanceof Overtaken) await overwrite(draft);
    else if (!(error instanceof ApiError) || error.status === 401) complain(error);
  }
}

async function overwrite(draft: Draft): Promise<void> {
  const sure = await confirm({
    title: "There is a newer version",
    body: "Somebody deployed this hook after you opened it. Your changes are still here; saved, they are the newest version, and the other one stays in the list of versions.",
    action: "Save anyway",
  });
  if (sure) await save(draft, { overwrite: true });
}

export function FaultBar({ draft, showModules }: { draft: Draft; showModules: () => void }) {
  const fault = draft.fault.value;
  if (!fault) return null;
  const { enabled } = draft.saved.value;
  const isRefusal = !fault.isWarning;
  const notLoading = /can not be enabled|does not load/.test(fault.message);
  return (
    <div class={isRefusal ? "fault bad" : "fault warn"} role="alert">
      <Icon of={isRefusal ? CircleAlert : TriangleAlert} />
      <div class="fault-said">
        <strong>{title(isRefusal, enabled, draft.isDirty.value)}</strong> {fault.message}
        <div class="fault-acts">
          {fault.place && (
            <Button small onClick={() => (draft.shown.value = { ...fault.place! })}>
              Go to line {fault.place.line}
            </Button>
          )}
          {isAboutModules(fault) && (
            <Button small onClick={showModules}>
              Show the modules
            </Button>
          )}
          {isRefusal && enabled && draft.isDirty.value && (notLoading || isAboutModules(fault)) && (
            <Button small onClick={() => void save(draft, { enabled: false })}>
              Save and disable the hook
            </Button>
          )}
        </div>
      </div>
      <Button kind="ghost" small icon={X} label="Dismiss" onClick={() => (draft.fault.value = null)} />
    </div>
  );
}

function title(isRefusal: boolean, enabled: boolean, isDirty: boolean): string {
  if (!isRefusal) return "Saved, with a remark.";
  if (!isDirty) return "Not enabled.";
  return enabled ? "Not saved: the version that runs stays as it is." : "Not saved.";
}
