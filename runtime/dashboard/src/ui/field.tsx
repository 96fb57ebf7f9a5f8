// A label, what it labels, a hint and what is wrong, tied together for screen readers:
//
//   <Field label="Name" hint="Letters, digits and hyphens." wrong={error}>
//     {(ids) => <input class="input" {...ids} value={name} onInput={...} />}
//   </Field>
import { CircleAlert, type IconNode } from "lucide";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface Ids {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

interface Own {
  label: string;
  hint?: ComponentChildren;
  wrong?: string | undefined;
  children: (ids: Ids) => ComponentChildren;
}

export function Field({ label, hint, wrong, children }: Own) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, ...(described ? { "aria-describedby": described } : {}), ...(wrong ? { "aria-invalid": true } : {}) })}
      {hint && (
        <div class="hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {wrong && (
        <div class="wrong" id={`${id}-wrong`} role="alert">
          <Icon of={CircleAlert} size={14} />
          {wrong}
        </div>
      )}
    </div>
  );
}

/** One of a few, all of them visible. */
export function Segments<T extends string>(props: {
  label: string;
  options: { value: T; label: string; icon?: IconNode }[];
  value: T;
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <div class="segments" role="radiogroup" aria-label={props.label}>
      {props.options.map((option) => (
        <label key={option.value}>
          <input type="radio" name={name} checked={option.value === props.value} onChange={() => props.onChange(option.value)} />
          {option.icon && <Icon of={option.icon} size={14} />}
          {option.label}
        </label>
      ))}
    </div>
  );
}
