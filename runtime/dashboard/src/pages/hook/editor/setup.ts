// What every editor here can do: the script's, the request's, and both sides of a comparison.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { crosshairCursor, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, rectangularSelection } from "@codemirror/view";
import { theme } from "./theme.ts";

const words = EditorState.phrases.of({
  next: "Next",
  previous: "Previous",
  all: "Select all",
  "match case": "Match case",
  regexp: "Regexp",
  "by word": "Words",
  replace: "Replace one",
  "replace all": "Replace all",
});

/** To be read, searched and copied. */
export const reading: Extension = [theme, lineNumbers(), highlightSpecialChars(), drawSelection(), search({ top: true }), words, keymap.of([...searchKeymap, ...foldKeymap])];

/**
 * What is typed over a selection is put there by us: Chromium would give it the looks of what it stands for, in a `style`
 * attribute, which the CSP refuses.
 */
const typingOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== "insertText" || !text || empty || view.composing || view.state.readOnly) return false;
    const insert = () => view.state.update(view.state.replaceSelection(text), { scrollIntoView: true, userEvent: "input.type" });
    const isDone = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert));
    if (!isDone) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

/** Tab indents; after Escape it leaves, as the hint below the editor says. */
export const editing: Extension = [
  typingOver,
  lineNumbers(),
  highlightActiveLineGutter(),
  foldGutter({
    markerDOM(open) {
      const mark = document.createElement("span");
      mark.textContent = open ? "⌄" : "›";
      mark.title = open ? "Fold" : "Unfold";
      return mark;
    },
  }),
  codeFolding(),
  highlightSpecialChars(),
  history(),
  drawSelection(),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(2),
  indentUnit.of("  "),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  autocompletion({ icons: false }),
  rectangularSelection(),
  crosshairCursor(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  search({ top: true }),
  words,
  theme,
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
];

/** Shift+Alt+F, which editors have for it. */
export function formattedBy(format: () => unknown): Extension {
  return keymap.of([{ key: "Shift-Alt-f", run: () => (format(), true) }]);
}

export function labelled(label: string, describedBy?: string): Extension {
  return EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label, ...(describedBy ? { "aria-describedby": describedBy } : {}) });
}
