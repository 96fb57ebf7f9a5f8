import { PageHead } from "../head.tsx";

export function Execution({ id }: { id: string }) {
  return (
    <div class="page">
      <PageHead title={`Execution ${id}`} />
    </div>
  );
}
