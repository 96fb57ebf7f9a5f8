// <Text of={line.text} />: what a hook or a caller wrote. It can not mislead whoever reads it: characters that nobody sees, or that
// turn the order of others, are shown by their numbers, and what is very long is there when it is asked for.
import { useState } from "preact/hooks";
import { count } from "../format.ts";

const LONG = 2_000;
const FIRST = 800;

/** Controls but for tabs and line ends, marks and overrides of direction, what has no width, halves of characters. */
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** A joiner between two pictures makes one of them. */
const JOINED = /(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})/gu;
const KEPT = "\ue000";

/** The text with what nobody sees made visible: "a⟨U+202E⟩b". */
export function visible(text: string): string {
  return text
    .replaceAll(KEPT, "⟨U+E000⟩")
    .replace(JOINED, KEPT)
    .replace(UNSEEN, (one) => `⟨U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`)
    .replaceAll(KEPT, "\u200d");
}

export function Text({ of }: { of: string }) {
  const [whole, setWhole] = useState(false);
  const isLong = of.length > LONG;
  return (
    <>
      <bdi>{visible(isLong && !whole ? of.slice(0, FIRST) : of)}</bdi>
      {isLong && (
        <button type="button" class="more" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "Show less" : `Show all ${count(of.length, "character")}`}
        </button>
      )}
    </>
  );
}
