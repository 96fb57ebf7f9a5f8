// Two scripts side by side; where there is no room for two, one with what was taken out and what came in.
import { javascript } from "@codemirror/lang-javascript";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import { labelled, reading } from "./setup.ts";

export interface Side {
  label: string;
  text: string;
}

const collapse = { margin: 3, minSize: 6 };

export function Compare({ old, now, narrow }: { old: Side; now: Side; narrow: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const side = ({ label }: Side): Extension[] => [
      reading,
      javascript({ typescript: true }),
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.lineWrapping,
      labelled(label),
    ];
    const parent = box.current!;
    const view = narrow
      ? new EditorView({ parent, doc: now.text, extensions: [...side(now), unifiedMergeView({ original: old.text, mergeControls: false, collapseUnchanged: collapse })] })
      : new MergeView({ parent, a: { doc: old.text, extensions: side(old) }, b: { doc: now.text, extensions: side(now) }, collapseUnchanged: collapse });
    return () => view.destroy();
  }, [old.text, now.text, narrow]);
  return <div class="compare" ref={box} />;
}
