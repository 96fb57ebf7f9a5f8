// What a hook wrote to its console. A line's level is a word, and a colour beside it.
import type { ConsoleLine } from "../api.ts";
import { Text } from "../ui/index.ts";

export function ConsoleLines({ lines }: { lines: ConsoleLine[] }) {
  return (
    <ol class="console">
      {lines.map((line, index) => (
        <li key={index} class={`console-line ${line.level}`}>
          <span class="console-level">{line.level}</span>
          <span class="console-text"><Text of={line.text} /></span>
        </li>
      ))}
    </ol>
  );
}
