// The editor's looks, in the colours of the page: they change with its theme by themselves.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const popup = {
  border: "1px solid var(--border)",
  borderRadius: "8px",
  backgroundColor: "var(--surface)",
  color: "var(--text)",
  boxShadow: "var(--shadow)",
};

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontFeatureSettings: '"liga" 0, "calt" 0', lineHeight: "21px", overscrollBehavior: "contain" },
  ".cm-content": { padding: "12px 0 40px", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-gutters": { border: "0", backgroundColor: "var(--surface)", color: "var(--text-3)", paddingLeft: "4px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "32px", padding: "0 4px 0 6px" },
  ".cm-foldGutter .cm-gutterElement": { width: "14px", cursor: "pointer", color: "var(--text-3)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--text) 3.5%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "1.5px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--accent) 14%, transparent)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "transparent", boxShadow: "0 0 0 1px var(--control-border)", borderRadius: "2px" },
  ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--bad-soft)" },
  ".cm-foldPlaceholder": { margin: "0 4px", padding: "0 6px", border: "1px solid var(--border)", backgroundColor: "var(--sunken)", color: "var(--text-2)" },
  ".cm-placeholder": { color: "var(--text-3)" },

  ".cm-panels": { borderColor: "var(--border)", backgroundColor: "var(--sunken)", color: "var(--text)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--border)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--border)" },
  ".cm-panel.cm-search": { display: "flex", flexWrap: "wrap", alignItems: "center", gap: "6px", padding: "8px 36px 8px 12px", fontFamily: "var(--font)" },
  ".cm-panel.cm-search br": { display: "none" },
  ".cm-panel.cm-search .cm-textfield": { flex: "0 1 180px", minWidth: "120px" },
  ".cm-panel.cm-search label": { display: "inline-flex", alignItems: "center", gap: "4px", fontSize: "12.5px" },
  ".cm-panel.cm-search [name=close]": { top: "8px", right: "10px", width: "24px", height: "24px", color: "var(--text-2)", cursor: "pointer" },
  ".cm-textfield": {
    minHeight: "28px",
    margin: "0",
    padding: "2px 8px",
    border: "1px solid var(--border-strong)",
    borderRadius: "6px",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    fontSize: "13px",
  },
  ".cm-button": {
    minHeight: "28px",
    margin: "0",
    padding: "2px 9px",
    border: "1px solid var(--border-strong)",
    borderRadius: "6px",
    backgroundColor: "var(--surface)",
    backgroundImage: "none",
    color: "var(--text)",
    fontSize: "12.5px",
    cursor: "pointer",
  },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--warn) 28%, transparent)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--warn) 55%, transparent)" },

  ".cm-tooltip": { ...popup, overflow: "hidden" },
  ".cm-tooltip-section:not(:first-child)": { borderTop: "1px solid var(--border)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { maxHeight: "260px", minWidth: "230px", padding: "4px", fontFamily: "var(--mono)", fontSize: "12.5px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { display: "flex", alignItems: "center", gap: "6px", padding: "3px 8px", borderRadius: "5px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent-text)", fontWeight: "600" },
  ".cm-completionIcon": { width: "14px", padding: "0", opacity: "1", color: "var(--text-3)", fontSize: "12px" },
  ".cm-tooltip.cm-completionInfo": { ...popup, maxWidth: "380px", padding: "0" },

  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn) 1px", textUnderlineOffset: "3px" },
  ".cm-lintPoint:after": { borderBottomColor: "var(--bad)" },
  ".cm-diagnostic": { maxWidth: "520px", padding: "7px 12px", borderLeft: "3px solid var(--bad)", fontFamily: "var(--font)", fontSize: "13px", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-panel.cm-panel-lint ul": { maxHeight: "116px" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--hover)" },
  ".cm-panel.cm-panel-lint ul:focus [aria-selected]": { backgroundColor: "var(--accent-soft)", backgroundImage: "none" },
  ".cm-panel.cm-panel-lint [name=close]": { top: "4px", right: "8px", color: "var(--text-2)", cursor: "pointer" },

  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--diff-old)" },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: "var(--diff-new)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "var(--diff-old-text)" },
  "&.cm-merge-b .cm-changedText": { background: "var(--diff-new-text)" },
  ".cm-changedLineGutter": { background: "var(--ok)" },
  "&.cm-merge-a .cm-changedLineGutter, .cm-deletedLineGutter": { background: "var(--bad)" },
  ".cm-collapsedLines": { padding: "4px 12px", background: "var(--sunken)", color: "var(--text-2)", fontFamily: "var(--font)", fontSize: "12px" },
});

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  { tag: [tags.comment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.function(tags.definition(tags.variableName))], color: "var(--code-function)" },
  { tag: [tags.typeName, tags.className, tags.namespace], color: "var(--code-type)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-property)" },
  { tag: [tags.punctuation, tags.operator, tags.bracket], color: "var(--text-2)" },
  { tag: tags.invalid, color: "var(--bad-text)" },
]);

export const theme: Extension = [look, syntaxHighlighting(highlight)];
