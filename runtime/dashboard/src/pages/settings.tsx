import { PageHead } from "./head.tsx";

export function Settings() {
  return (
    <div class="page">
      <PageHead title="Settings" />
    </div>
  );
}
