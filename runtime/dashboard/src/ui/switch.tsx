// <Switch label="Enable my-hook" on={hook.enabled} onChange={(on) => ...} />. Shows what it is told; to be optimistic, change
// `on` at once and back on an error.
export function Switch({ label, on, onChange, disabled }: { label: string; on: boolean; onChange: (on: boolean) => void; disabled?: boolean }) {
  return <button type="button" role="switch" class="switch" aria-checked={on} aria-label={label} title={on ? "Enabled" : "Disabled"} disabled={disabled} onClick={() => onChange(!on)} />;
}
