// The script's editor. The text is the draft's signal: what is typed goes there, and what comes from elsewhere comes here.
import { javascript } from "@codemirror/lang-javascript";
import { type Diagnostic, openLintPanel } from "@codemirror/lint";
import { Compartment, EditorSelection, EditorState } from "@codemirror/state";
import { EditorView, tooltips } from "@codemirror/view";
import { effect, useSignal } from "@preact/signals";
import { CircleAlert, CircleCheck, TriangleAlert, WrapText } from "lucide";
import { useEffect, useId, useRef } from "preact/hooks";
import { ariaKeys, FORMAT, keysText } from "../../../commands.ts";
import { bytes, count } from "../../../format.ts";
import { Icon, toast } from "../../../ui/index.ts";
import type { Draft, Place } from "../draft.ts";
import { assist, recheck } from "./assist.ts";
import { type Compiler, compilerOf } from "./compiler.ts";
import { editing, formattedBy, labelled } from "./setup.ts";

const LARGEST = 102_400;

export function CodeEditor({ draft, readOnly }: { draft: Draft; readOnly: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const hint = useId();
  const language = useSignal<string | null>(null);
  const problems = useSignal<readonly Diagnostic[]>([]);
  const at = useSignal<Place>({ line: 1, column: 1 });

  useEffect(() => {
    const compiler = compilerOf(draft.trigger);
    const writable = new Compartment();
    const editor: EditorView = new EditorView({
      parent: box.current!,
      doc: draft.script.peek(),
      extensions: [
        writable.of(EditorState.readOnly.of(readOnly)),
        editing,
        javascript({ typescript: true }),
        labelled("Script", hint),
        formattedBy(() => !readOnly && draft.formats.value++),
        tooltips({ tooltipSpace: ({ dom }) => besides(dom) }),
        assist(compiler, {
          said: () => saidBy(draft, editor.state),
          onChecked(checked, found) {
            language.value = checked?.language ?? null;
            problems.value = found;
            draft.errors.value = found.filter((one) => one.severity === "error").length;
          },
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) draft.script.value = update.state.doc.toString();
          const { head } = update.state.selection.main;
          const line = update.state.doc.lineAt(head);
          at.value = { line: line.number, column: head - line.from + 1 };
        }),
      ],
    });
    view.current = editor;
    const wanted = draft.formats.peek();
    const stops = [
      effect(() => {
        const text = draft.script.value;
        if (text !== editor.state.doc.toString()) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
      }),
      effect(() => {
        void draft.fault.value;
        void compiler.ready.value;
        recheck(editor);
      }),
      effect(() => {
        if (draft.formats.value > wanted && !readOnly) void format(editor, compiler);
      }),
      effect(() => {
        if (draft.shown.value) show(editor, draft.shown.value);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      editor.destroy();
    };
  }, [draft]);

  const size = new TextEncoder().encode(draft.script.value).length;
  return (
    <div class="code-editor">
      <div class="code-box" ref={box} />
      <footer class="code-foot">
        <Problems found={problems.value} language={language.value} open={() => view.current && (openLintPanel(view.current), view.current.focus())} />
        <span class="code-hint" id={hint}>
          <kbd>Esc</kbd> then <kbd>Tab</kbd> leaves the editor
        </span>
        {!readOnly && (
          <button type="button" class="foot-act" aria-label="Format the script" title={`Format the script (${keysText(FORMAT)})`} aria-keyshortcuts={ariaKeys(FORMAT)} onClick={() => draft.formats.value++}>
            <Icon of={WrapText} size={14} />
            <span>Format</span>
          </button>
        )}
        <span class="code-facts num">
          {size > LARGEST * 0.8 && (
            <span class={size > LARGEST ? "too-long" : ""}>
              {bytes(size)} of {bytes(LARGEST)}
            </span>
          )}
          <span>
            Ln {at.value.line}, Col {at.value.column}
          </span>
          <span class={language.value ? undefined : "wait"}>{language.value ?? "Types are on their way"}</span>
        </span>
      </footer>
    </div>
  );
}

function Problems({ found, language, open }: { found: readonly Diagnostic[]; language: string | null; open: () => void }) {
  const errors = found.filter((one) => one.severity === "error").length;
  const warnings = found.length - errors;
  if (!found.length) {
    return (
      <span class="problems fine">
        <Icon of={CircleCheck} size={14} />
        {language ? "No problems" : "No syntax errors"}
      </span>
    );
  }
  return (
    <button type="button" class={errors ? "problems bad" : "problems warn"} onClick={open} title="Show them">
      <Icon of={errors ? CircleAlert : TriangleAlert} size={14} />
      {[errors && count(errors, "error"), warnings && count(warnings, "warning")].filter(Boolean).join(", ")}
    </button>
  );
}

/** One change, which can be undone, and the place of the caret stays what it was. */
async function format(editor: EditorView, compiler: Compiler): Promise<void> {
  const { doc } = editor.state;
  if (!compiler.ready.peek()) return toast("The formatter is on its way: try again in a second.", { tone: "plain" });
  const changes = await compiler.format(doc.toString());
  if (!changes) return toast("What has a syntax error is not formatted.", { tone: "warn" });
  if (editor.state.doc === doc && changes.length) editor.dispatch({ changes, userEvent: "format", scrollIntoView: true });
}

/** Where tooltips may be: not over the panel at the editor's side. */
function besides(dom: HTMLElement): { left: number; right: number; top: number; bottom: number } {
  const { left, right } = dom.getBoundingClientRect();
  return { left, right, top: 0, bottom: innerHeight };
}

/** What the server refused, at its place, as long as the text is the one that it was given. */
function saidBy(draft: Draft, state: EditorState): Diagnostic | null {
  const fault = draft.fault.peek();
  if (!fault?.place || fault.script !== state.doc.toString()) return null;
  const from = offset(state, fault.place);
  const line = state.doc.lineAt(from);
  const word = state.wordAt(from);
  return { from: word?.from ?? from, to: Math.max(word?.to ?? from + 1, Math.min(line.to, from + 1)), severity: "error", message: fault.message, source: "Server" };
}

function offset(state: EditorState, { line, column }: Place): number {
  const found = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  return Math.min(found.from + Math.max(column - 1, 0), found.to);
}

function show(editor: EditorView, place: Place): void {
  const head = offset(editor.state, place);
  editor.dispatch({ selection: EditorSelection.cursor(head), effects: EditorView.scrollIntoView(head, { y: "center" }) });
  editor.focus();
}
