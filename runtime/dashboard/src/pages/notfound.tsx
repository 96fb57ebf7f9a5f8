import { Compass } from "lucide";
import { ButtonLink, EmptyState } from "../ui/index.ts";
import { PageHead } from "./head.tsx";

export function NotFound() {
  return (
    <div class="page">
      <PageHead title="Not found" />
      <EmptyState icon={Compass} title="There is no such page" actions={<ButtonLink to="/hooks">To the hooks</ButtonLink>}>
        The address may be old, or misspelt.
      </EmptyState>
    </div>
  );
}
