// The compiler's thread, seen from the page. One for each extensibility point, kept while the dashboard is open: to start one
// takes a second or two. Where there can be none, every answer is null, and the editor does without.
import { signal } from "@preact/signals";
import type { TriggerId } from "../../../api.ts";
import { workerUrl } from "../../../trusted.ts";
import type { About, Checked, Edit, Suggestions } from "./service.ts";
import url from "./service.worker.ts?worker";
import type { Question } from "./service.worker.ts";

export class Compiler {
  readonly ready = signal(false);
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private readonly worker: Worker;
  private last = 0;

  constructor(trigger: TriggerId) {
    this.worker = new Worker(workerUrl(url));
    this.worker.onmessage = ({ data: { id, answer = null } }) => {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    };
    this.worker.onerror = () => {
      this.ready.value = false;
      for (const answer of this.waiting.values()) answer(null);
      this.waiting.clear();
    };
    void this.ask<boolean>("start", trigger).then((done) => (this.ready.value = done === true));
  }

  check(text: string): Promise<Checked | null> {
    return this.ask("check", text);
  }

  complete(text: string, at: number): Promise<Suggestions | null> {
    return this.ask("complete", text, at);
  }

  describe(text: string, at: number, name: string): Promise<About | null> {
    return this.ask("describe", text, at, name);
  }

  hover(text: string, at: number): Promise<About | null> {
    return this.ask("hover", text, at);
  }

  format(text: string): Promise<Edit[] | null> {
    return this.ask("format", text);
  }

  private ask<T>(ask: Question["ask"], ...values: Question["values"]): Promise<T | null> {
    if (ask !== "start" && !this.ready.peek()) return Promise.resolve(null);
    const id = ++this.last;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve as (answer: unknown) => void);
      this.worker.postMessage({ id, ask, values } satisfies Question);
    });
  }
}

const compilers = new Map<TriggerId, Compiler>();

export function compilerOf(trigger: TriggerId): Compiler {
  let found = compilers.get(trigger);
  if (!found) compilers.set(trigger, (found = new Compiler(trigger)));
  return found;
}
