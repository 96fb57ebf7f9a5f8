import { PageHead } from "../head.tsx";

export function Executions() {
  return (
    <div class="page">
      <PageHead title="Executions" />
    </div>
  );
}
