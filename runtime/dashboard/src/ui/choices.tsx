// One of a few, each with a sentence about it:
//
//   <Choices legend="When it fails" value={chosen} onChange={setChosen} options={[{ value: "deny", title: "Deny", about: "..." }]} />
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Option<T extends string> {
  value: T;
  title: ComponentChildren;
  about: string;
}

export function Choices<T extends string>(props: { legend: string; options: Option<T>[]; value: T; onChange: (value: T) => void; disabled?: boolean }) {
  const name = useId();
  return (
    <fieldset class="choices" disabled={props.disabled}>
      <legend>{props.legend}</legend>
      {props.options.map(({ value, title, about }) => (
        <label key={value} class="choice">
          <input type="radio" name={name} checked={value === props.value} onChange={() => props.onChange(value)} />
          <span>
            <span class="choice-title">{title}</span>
            <span class="choice-about">{about}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
