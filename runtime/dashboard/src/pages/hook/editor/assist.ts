// What the compiler knows, in the editor: completions, what is under the pointer, and what is wrong.
import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { javascriptLanguage } from "@codemirror/lang-javascript";
import { syntaxTree } from "@codemirror/language";
import { type Diagnostic, forceLinting, linter } from "@codemirror/lint";
import { type EditorState, type Extension, StateEffect } from "@codemirror/state";
import { type EditorView, hoverTooltip, type Tooltip } from "@codemirror/view";
import type { Compiler } from "./compiler.ts";
import type { About, Checked } from "./service.ts";

const DELAY_MS = 300;
const HOVER_MS = 250;
/** Enough to see what is wrong; a text that is not a script at all would have thousands. */
const MOST_ERRORS = 20;

const lookAgain = StateEffect.define<null>();

/** The text is the same, but more is known of it now. */
export function recheck(view: EditorView): void {
  view.dispatch({ effects: lookAgain.of(null) });
  forceLinting(view);
}

interface Listener {
  /** What the server said about this very text. */
  said: () => Diagnostic | null;
  onChecked: (checked: Checked | null, diagnostics: readonly Diagnostic[]) => void;
}

export function assist(compiler: Compiler, listener: Listener): Extension {
  const check = async (view: EditorView): Promise<Diagnostic[]> => {
    const checked = await compiler.check(view.state.doc.toString());
    const found = checked ? checked.problems.map(({ from, to, severity, message }) => ({ from, to, severity, message })) : syntaxErrors(view.state);
    const said = listener.said();
    const all = said && !found.some((one) => one.severity === "error") ? [...found, said] : found;
    const fitting = all.map((one) => ({ ...one, to: Math.min(one.to, view.state.doc.length), from: Math.min(one.from, view.state.doc.length) }));
    listener.onChecked(checked, fitting);
    return fitting;
  };
  return [
    linter(check, { delay: DELAY_MS, needsRefresh: ({ transactions }) => transactions.some(({ effects }) => effects.some((one) => one.is(lookAgain))) }),
    autocompletion({ override: [(context) => complete(compiler, context)] }),
    hoverTooltip((view, at) => hover(compiler, view, at), { hoverTime: HOVER_MS }),
  ];
}

/** Where the grammar does not go on: at once, without a compiler, and in few words. */
function syntaxErrors(state: EditorState): Diagnostic[] {
  const found: Diagnostic[] = [];
  syntaxTree(state).iterate({
    enter({ type, from, to }) {
      if (type.isError && found.length < MOST_ERRORS) found.push({ from, to: Math.max(to, Math.min(from + 1, state.doc.length)), severity: "error", message: "Syntax error" });
    },
  });
  return found;
}

const KINDS: Record<string, string> = {
  method: "method",
  function: "function",
  "local function": "function",
  property: "property",
  getter: "property",
  keyword: "keyword",
  class: "class",
  interface: "interface",
  type: "type",
  enum: "enum",
  const: "constant",
  module: "namespace",
  string: "text",
};

async function complete(compiler: Compiler, context: CompletionContext): Promise<CompletionResult | null> {
  const { state, pos, explicit } = context;
  const before = state.sliceDoc(Math.max(0, pos - 60), pos);
  if (!explicit && !/[\w$.]$/.test(before)) return null;
  if (javascriptLanguage.isActiveAt(state, pos) && /Comment/.test(syntaxTree(state).resolveInner(pos, -1).name)) return null;
  const text = state.doc.toString();
  const found = await compiler.complete(text, pos);
  if (!found || context.aborted) return null;
  const options = found.suggestions.map(
    ({ name, kind, sort, insert }): Completion => ({
      label: name,
      type: KINDS[kind] ?? "variable",
      boost: -Number.parseInt(sort, 10) || 0,
      ...(insert ? { apply: insert } : {}),
      info: () => compiler.describe(text, pos, name).then((about) => about && card(about)),
    }),
  );
  return { from: found.from, options, validFor: /^[\w$]*$/ };
}

async function hover(compiler: Compiler, view: EditorView, at: number): Promise<Tooltip | null> {
  const about = await compiler.hover(view.state.doc.toString(), at);
  if (!about?.signature) return null;
  return { pos: about.from, end: about.to, above: true, create: () => ({ dom: card(about) }) };
}

function card({ signature, text }: About): HTMLElement {
  const box = document.createElement("div");
  box.className = "about";
  const code = box.appendChild(document.createElement("pre"));
  code.textContent = signature;
  if (text) box.appendChild(document.createElement("p")).textContent = text;
  return box;
}
