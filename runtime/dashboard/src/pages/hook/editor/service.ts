// The compiler over one hook: what is wrong, what could stand here, what this is. Positions are those of the text on the screen.
// Runs in a worker (`service.worker.ts`), but needs none.
import libraries from "hookd:libraries";
import types from "hookd:types";
import ts from "typescript";
import type { TriggerId } from "../../../api.ts";
import { annotate, type Insertion } from "./annotate.ts";

export interface Problem {
  from: number;
  to: number;
  /** A hook with an error does not load; what is only of the wrong type does. */
  severity: "error" | "warning";
  message: string;
  /** TypeScript's number of it. */
  code: number;
}

export interface Suggestion {
  name: string;
  kind: string;
  sort: string;
  /** What is put in, where it is not the name. */
  insert?: string;
}

export interface Suggestions {
  from: number;
  to: number;
  suggestions: Suggestion[];
}

/** What something is: its declaration, and what was written about it. */
export interface About {
  from: number;
  to: number;
  signature: string;
  text: string;
}

/** Text that takes the place of what stands there. */
export interface Edit {
  from: number;
  to: number;
  insert: string;
}

export interface Checked {
  language: "JavaScript" | "TypeScript";
  problems: Problem[];
}

const OPTIONS: ts.CompilerOptions = {
  allowJs: true,
  checkJs: true,
  strict: true,
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.CommonJS,
  moduleDetection: ts.ModuleDetectionKind.Force,
  esModuleInterop: true,
  noEmit: true,
  skipLibCheck: true,
};

const FORMAT: ts.FormatCodeSettings = {
  ...ts.getDefaultFormatCodeSettings("\n"),
  indentSize: 2,
  tabSize: 2,
  insertSpaceAfterFunctionKeywordForAnonymousFunctions: true,
};

// No module's types are here: each is any (modules.d.ts), and which there are is the server's to say.
const NOT_OURS = new Set([2307, 7016, 2792, 80001, 80005]);
/** "... can only be used in TypeScript files". 8017 is none of them: a function without a body is an unfinished one. */
const ONLY_TYPESCRIPT = new Set([8002, 8003, 8004, 8005, 8006, 8008, 8009, 8010, 8011, 8012, 8013, 8016]);
const MOST_SUGGESTIONS = 400;

const fixed = new Map<string, string>([
  ["/hookd.d.ts", types],
  ["/modules.d.ts", 'declare module "*";'],
  ...Object.entries(libraries).map(([name, text]) => [`/${name}`, text] as const),
]);

/** JavaScript's libraries are read once, for however many services. */
const registry = ts.createDocumentRegistry();

export class Service {
  private text = "";
  private compiled = "";
  private file = "/hook.js";
  private insertions: Insertion[] = [];
  private version = 0;
  private readonly snapshots = new Map<string, ts.IScriptSnapshot>();
  private readonly language: ts.LanguageService;

  constructor(private readonly trigger: TriggerId) {
    this.language = ts.createLanguageService(this.host(), registry);
    this.open("");
  }

  /** This is the text from now on. */
  open(text: string): void {
    if (text === this.text && this.version) return;
    this.text = text;
    this.file = isTypeScript(text) ? "/hook.ts" : "/hook.js";
    const source = ts.createSourceFile(this.file, text, ts.ScriptTarget.ES2023, true);
    this.insertions = annotate(source, this.file === "/hook.ts", this.trigger);
    this.compiled = "";
    let last = 0;
    for (const { at, text: more } of this.insertions) {
      this.compiled += text.slice(last, at) + more;
      last = at;
    }
    this.compiled += text.slice(last);
    this.version++;
  }

  check(): Checked {
    const syntax = this.language.getSyntacticDiagnostics(this.file);
    const found = syntax.length ? syntax : this.language.getSemanticDiagnostics(this.file);
    const problems = found.filter(({ code, category }) => !NOT_OURS.has(code) && category !== ts.DiagnosticCategory.Suggestion);
    return {
      language: this.file === "/hook.ts" ? "TypeScript" : "JavaScript",
      problems: problems.map(({ start = 0, length = 0, messageText, code }) => ({
        ...this.shown(start, length),
        severity: syntax.length ? ("error" as const) : ("warning" as const),
        message: inOurWords(code, ts.flattenDiagnosticMessageText(messageText, "\n")),
        code,
      })),
    };
  }

  complete(at: number): Suggestions | null {
    const found = this.language.getCompletionsAtPosition(this.file, this.inside(at), { includeCompletionsWithInsertText: true });
    if (!found) return null;
    const word = /[\w$]*$/.exec(this.text.slice(0, at))![0];
    const given = found.optionalReplacementSpan && this.shown(found.optionalReplacementSpan.start, found.optionalReplacementSpan.length);
    return {
      from: given ? Math.min(given.from, at) : at - word.length,
      to: at,
      suggestions: found.entries.slice(0, MOST_SUGGESTIONS).map(({ name, kind, sortText, insertText }) => ({
        name,
        kind,
        sort: sortText,
        ...(insertText ? { insert: insertText } : {}),
      })),
    };
  }

  describe(at: number, name: string): About | null {
    const found = this.language.getCompletionEntryDetails(this.file, this.inside(at), name, {}, undefined, {}, undefined);
    return found ? about({ from: at, to: at }, found.displayParts, found.documentation) : null;
  }

  hover(at: number): About | null {
    const found = this.language.getQuickInfoAtPosition(this.file, this.inside(at));
    return found ? about(this.shown(found.textSpan.start, found.textSpan.length), found.displayParts, found.documentation) : null;
  }

  /** What makes it look as scripts do. Null where it does not parse: who knows what was meant. In order, none over another. */
  format(): Edit[] | null {
    if (this.language.getSyntacticDiagnostics(this.file).length) return null;
    const edits = this.language.getFormattingEditsForDocument(this.written, FORMAT);
    return edits.map(({ span, newText }) => ({ from: span.start, to: span.start + span.length, insert: newText }));
  }

  /** The name under which the text is as it was written, without what only the compiler sees. It is no part of the program. */
  private get written(): string {
    return this.file.replace("hook", "written");
  }

  /** Where in the compiled text a place on the screen is. */
  private inside(at: number): number {
    return this.insertions.reduce((place, one) => (one.at < at ? place + one.text.length : place), at);
  }

  /** Where on the screen something of the compiled text is. */
  private shown(start: number, length: number): { from: number; to: number } {
    const back = (place: number) => {
      let added = 0;
      for (const { at, text } of this.insertions) {
        if (at + added >= place) break;
        added += Math.min(text.length, place - at - added);
      }
      return Math.min(place - added, this.text.length);
    };
    return { from: back(start), to: back(start + length) };
  }

  private host(): ts.LanguageServiceHost {
    return {
      getCompilationSettings: () => OPTIONS,
      getCurrentDirectory: () => "/",
      getDefaultLibFileName: () => "/lib.es2023.d.ts",
      getScriptFileNames: () => [this.file, "/hookd.d.ts", "/modules.d.ts"],
      getScriptVersion: (name) => (fixed.has(name) ? "1" : String(this.version)),
      getScriptSnapshot: (name) => this.snapshot(name),
      fileExists: (name) => fixed.has(name) || name === this.file,
      readFile: (name) => fixed.get(name) ?? (name === this.file ? this.compiled : undefined),
      directoryExists: () => true,
      getDirectories: () => [],
    };
  }

  private snapshot(name: string): ts.IScriptSnapshot | undefined {
    if (name === this.file) return ts.ScriptSnapshot.fromString(this.compiled);
    if (name === this.written) return ts.ScriptSnapshot.fromString(this.text);
    const text = fixed.get(name);
    if (text === undefined) return undefined;
    let made = this.snapshots.get(name);
    if (!made) this.snapshots.set(name, (made = ts.ScriptSnapshot.fromString(text)));
    return made;
  }
}

/** As the server reads it: what is not JavaScript is TypeScript. What is neither is what it looks like more. */
export function isTypeScript(text: string): boolean {
  const { diagnostics = [] } = ts.transpileModule(text, { fileName: "hook.js", reportDiagnostics: true, compilerOptions: { allowJs: true, target: ts.ScriptTarget.ES2023 } });
  if (!diagnostics.length) return false;
  if (diagnostics.some(({ code }) => ONLY_TYPESCRIPT.has(code))) return true;
  return /^\s*(?:export\s+)?(?:interface|type|enum)\s+\w|^\s*import\s+type\b|\)\s*:\s*\w[\w<>[\]. |]*\s*(?:=>|\{)|[(,]\s*\w+\??:\s*(?:string|number|boolean|any|unknown)\b/m.test(text);
}

function about(place: { from: number; to: number }, signature: ts.SymbolDisplayPart[] | undefined, text: ts.SymbolDisplayPart[] | undefined): About {
  return {
    ...place,
    signature: ts.displayPartsToString(signature).replaceAll(/import\("\/?\.?\/?hookd"\)\./g, ""),
    text: ts.displayPartsToString(text),
  };
}

/** The commonest mistake has a sentence of its own. */
function inOurWords(code: number, message: string): string {
  const [, name] = /'['"]?([^'"]*)['"]?'/.exec(message) ?? [];
  const isClaim = (code === 2353 && /Token/.test(message)) || (code === 2345 && message.includes("'ClaimName'"));
  if (isClaim && name) return `${name}: a claim's name is a URL, such as "https://example.com/${name}". Others are dropped.`;
  return message.replaceAll(/import\("[^"]*hookd"\)\./g, "");
}
