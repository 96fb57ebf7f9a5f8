// An error with its stack, whose places in the hook are links into the editor.
import type { HookError } from "../../../api.ts";
import { setQuery } from "../../../router.ts";
import { Text, visible } from "../../../ui/index.ts";
import type { Draft } from "../draft.ts";
import { isNarrow } from "../narrow.ts";

const PLACE = /\b(hook\.[jt]s):(\d+)(?::(\d+))?/;

export function Stack({ error, draft }: { error: HookError; draft: Draft }) {
  const [, ...frames] = error.stack.trimEnd().split("\n");
  return (
    <div class="stack" role="group" aria-label="Error">
      <p class="stack-message">
        <Text of={`${error.name}: ${error.message}`} />
      </p>
      {frames.map((frame, index) => (
        <Frame key={index} text={frame.trim()} draft={draft} />
      ))}
    </div>
  );
}

function Frame({ text, draft }: { text: string; draft: Draft }) {
  const [whole, , line, column] = PLACE.exec(text) ?? [];
  if (!whole) return <p class="frame faint">{visible(text)}</p>;
  const [before, after] = text.split(whole);
  const go = () => {
    if (isNarrow.peek()) setQuery({ tab: "code" });
    draft.shown.value = { line: Number(line), column: Number(column ?? 1) };
  };
  return (
    <p class="frame">
      {visible(before ?? "")}
      <button type="button" class="frame-link" onClick={go}>
        {whole}
      </button>
      {visible(after ?? "")}
    </p>
  );
}
