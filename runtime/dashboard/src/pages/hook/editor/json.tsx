// A JSON editor: <JsonEditor label="Request" text={signal} />.
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { linter } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";
import { effect, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { editing, formattedBy, labelled } from "./setup.ts";

export function JsonEditor({ label, text }: { label: string; text: Signal<string> }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const editor = new EditorView({
      parent: box.current!,
      doc: text.peek(),
      extensions: [
        editing,
        json(),
        linter(jsonParseLinter()),
        labelled(label),
        formattedBy(() => (text.value = pretty(text.peek()))),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) text.value = update.state.doc.toString();
        }),
      ],
    });
    const stop = effect(() => {
      if (text.value !== editor.state.doc.toString()) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text.value } });
    });
    return () => {
      stop();
      editor.destroy();
    };
  }, [label, text]);
  return <div class="json-box" ref={box} />;
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // the editor shows where it is wrong
  }
}
