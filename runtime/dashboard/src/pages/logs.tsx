import { PageHead } from "./head.tsx";

export function Logs() {
  return (
    <div class="page">
      <PageHead title="Logs" />
    </div>
  );
}
