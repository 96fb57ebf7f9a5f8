// A hook while somebody works on it: what is saved, what was changed since, and what the server said of it.
//
// What is not saved yet is kept beside the tab, too: a session that ends, or a browser that does, loses nothing.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { ApiError, type Deploy, type Engine, type Hook, hooks, type Policy, type Remarks, session, type TriggerId, type Version } from "../../api.ts";

/** Both count from 1. */
export interface Place {
  line: number;
  column: number;
}

/** Why something could not be saved or enabled, or (`isWarning`) what will keep it from being enabled. */
export interface Fault {
  message: string;
  code: string;
  isWarning: boolean;
  place: Place | null;
  /** The script that it is about. */
  script: string;
}

export interface Changes {
  name?: string;
  script?: string;
  dependencies?: Record<string, string>;
  engine?: Engine;
}

/** Somebody else deployed meanwhile. */
export class Overtaken extends Error {}

export class Draft {
  readonly id: string;
  readonly trigger: TriggerId;
  /** As it is saved. */
  readonly saved: Signal<Hook>;
  readonly deploys: Signal<Deploy[]>;
  /** The newest version, with the modules that it was found to have. */
  readonly version: Signal<Version>;

  readonly name: Signal<string>;
  readonly script: Signal<string>;
  readonly dependencies: Signal<Record<string, string>>;
  readonly engine: Signal<Engine>;

  readonly fault = signal<Fault | null>(null);
  /** How many syntax errors the editor sees. */
  readonly errors = signal(0);
  /** Where the editor is to go: a line of a stack, say. */
  readonly shown = signal<Place | null>(null);
  /** Counts how often somebody wanted the script to be formatted. */
  readonly formats = signal(0);
  readonly saving = signal(false);
  /** What of the policy was changed: it is saved by itself. */
  readonly policy = signal<Partial<Policy>>({});
  readonly changes: ReadonlySignal<Changes>;
  readonly isDirty: ReadonlySignal<boolean>;

  constructor(hook: Hook, deploys: Deploy[], version: Version) {
    this.id = hook.id;
    this.trigger = hook.triggerId;
    this.saved = signal(hook);
    this.deploys = signal(deploys);
    this.version = signal(version);
    this.name = signal(hook.name);
    this.script = signal(hook.script);
    this.dependencies = signal(hook.dependencies);
    this.engine = signal(version.engine);
    this.changes = computed(() => this.changed());
    this.isDirty = computed(() => Object.keys(this.changes.value).length > 0);
  }

  /** Whether something would be lost if the page went away. */
  get isUnsaved(): boolean {
    return this.isDirty.peek() || Object.keys(this.policy.peek()).length > 0;
  }

  /** Of one hook, with what was not saved the last time. */
  static async load(id: string): Promise<Draft> {
    const [hook, deploys] = await Promise.all([hooks.get(id), hooks.versions(id)]);
    return new Draft(hook, deploys, await hooks.version(id, deploys[0]!.number));
  }

  private changed(): Changes {
    const { name, script, dependencies } = this.saved.value;
    return {
      ...(this.name.value.trim() === name ? {} : { name: this.name.value.trim() }),
      ...(this.script.value === script ? {} : { script: this.script.value }),
      ...(same(this.dependencies.value, dependencies) ? {} : { dependencies: this.dependencies.value }),
      ...(this.engine.value === this.version.value.engine ? {} : { engine: this.engine.value }),
    };
  }

  /** Saves what was changed. Throws what the server said, which is `fault` from then on, or `Overtaken`. */
  async save({ overwrite = false, enabled }: { overwrite?: boolean; enabled?: boolean } = {}): Promise<Remarks> {
    const changes = this.changes.peek();
    const script = this.script.peek();
    this.saving.value = true;
    this.fault.value = null;
    try {
      if (!overwrite && (changes.script !== undefined || changes.dependencies) && (await this.isOvertaken())) throw new Overtaken();
      const { hook, remarks } = await hooks.update(this.id, { ...changes, ...(enabled === undefined ? {} : { enabled }) });
      await this.take(hook, { keep: true });
      if (remarks.warning) this.fault.value = faultOf(remarks.warning, "warning", script);
      return remarks;
    } catch (error) {
      if (error instanceof ApiError) this.fault.value = faultOf(error.message, error.code, script);
      throw error;
    } finally {
      this.saving.value = false;
    }
  }

  /** Of what is saved; a draft stays one. */
  async enable(enabled: boolean): Promise<Remarks> {
    const before = this.saved.peek();
    this.saved.value = { ...before, enabled };
    try {
      const { hook, remarks } = await hooks.update(this.id, { enabled });
      this.saved.value = hook;
      this.fault.value = null;
      return remarks;
    } catch (error) {
      this.saved.value = before;
      if (error instanceof ApiError) this.fault.value = faultOf(error.message, error.code, before.script);
      throw error;
    }
  }

  async rollBack(number: number): Promise<Remarks> {
    const { hook, remarks } = await hooks.rollBack(this.id, number);
    await this.take(hook, { keep: false });
    return remarks;
  }

  /** This is what is saved now. With `keep`, what was typed meanwhile stays. */
  private async take(hook: Hook, { keep }: { keep: boolean }): Promise<void> {
    const deploys = await hooks.versions(this.id);
    if (deploys[0]!.number !== this.deploys.peek()[0]!.number) {
      this.version.value = await hooks.version(this.id, deploys[0]!.number);
      this.deploys.value = deploys;
    }
    this.saved.value = hook;
    if (!keep) this.discard();
  }

  private async isOvertaken(): Promise<boolean> {
    const [newest] = await hooks.versions(this.id);
    return newest!.number !== this.deploys.peek()[0]!.number;
  }

  /** Back to what is saved. */
  discard(): void {
    const { name, script, dependencies } = this.saved.peek();
    this.name.value = name;
    this.script.value = script;
    this.dependencies.value = dependencies;
    this.engine.value = this.version.peek().engine;
    this.fault.value = null;
  }

  /** Whether a save may have to find npm modules. */
  get mayHaveModules(): boolean {
    return Object.keys(this.dependencies.peek()).length > 0 || this.version.peek().modules.length > 0 || /\brequire\(|^\s*import\s/m.test(this.script.peek());
  }

  private get key(): string {
    return `draft ${session.peek()?.tenant} ${this.id}`;
  }

  /** Keep what is not saved beside the tab. */
  keep(): void {
    if (!session.peek()) return;
    const changes = this.changes.value;
    if (Object.keys(changes).length) sessionStorage.setItem(this.key, JSON.stringify(changes));
    else sessionStorage.removeItem(this.key);
  }

  forget(): void {
    sessionStorage.removeItem(this.key);
  }

  /** What was kept, if anything was: whether there is something to be saved now. */
  restore(): boolean {
    const { name, script, dependencies, engine }: Changes = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
    if (name !== undefined) this.name.value = name;
    if (script !== undefined) this.script.value = script;
    if (dependencies) this.dependencies.value = dependencies;
    if (engine) this.engine.value = engine;
    return this.isDirty.peek();
  }
}

export function isAboutModules({ code, message, isWarning }: Fault): boolean {
  return /^module|^registry/.test(code) || (isWarning && /\bmodules? '|\bregistry\b/.test(message));
}

function faultOf(message: string, code: string, script: string): Fault {
  const [, line, column] = /\(line (\d+), column (\d+)\)/.exec(message) ?? [];
  const place = line ? { line: Number(line), column: Math.max(1, Number(column)) } : null;
  const said = message.replace(/^.*does not match pattern.*on property name.*$/, "A name has letters, digits, spaces and hyphens, with a letter or a digit first and last.");
  return { message: said, code, isWarning: code === "warning", place, script };
}

function same(one: Record<string, string>, other: Record<string, string>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
