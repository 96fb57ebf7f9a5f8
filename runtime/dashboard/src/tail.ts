// The log as it happens, over the server's event stream. It comes back by itself where a connection ends, and misses nothing
// meanwhile: it says which execution it saw last. A browser's own EventSource could not say that after a server's refusal.
import { ApiError, end, type Execution, type ExecutionFilter, executions, session } from "./api.ts";

export type TailState = "connecting" | "live" | "waiting";

interface Listener {
  onExecution: (execution: Execution) => void;
  /** Some were too many for this connection; null: nobody counted. */
  onMissed?: (count: number | null) => void;
  /** `waiting`: the connection broke, and is tried again soon; `why` says what was wrong. */
  onState?: (state: TailState, why?: string) => void;
}

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Listens until the function that it gives is called. `after`: the id of the execution that was seen last. */
export function follow(filter: ExecutionFilter, listener: Listener, after = ""): () => void {
  const ended = new AbortController();
  void listen(filter, listener, after, ended.signal);
  return () => ended.abort();
}

async function listen(filter: ExecutionFilter, listener: Listener, after: string, ended: AbortSignal): Promise<void> {
  let pause = FIRST_MS;
  let last = after;
  while (!ended.aborted && session.peek()) {
    try {
      listener.onState?.("connecting");
      const answer = await fetch(executions.tailUrl(filter), { headers: last ? { "Last-Event-ID": last } : {}, signal: ended });
      if (answer.status === 401) end();
      if (!answer.ok || !answer.body) throw new ApiError(answer.status, "tail", await messageOf(answer));
      listener.onState?.("live");
      for await (const event of eventsOf(answer.body)) {
        pause = FIRST_MS;
        last = event.id || last;
        if (event.name === "missed") listener.onMissed?.(JSON.parse(event.data).missed);
        else if (event.data) listener.onExecution(JSON.parse(event.data));
      }
    } catch (error) {
      if (ended.aborted) return;
      listener.onState?.("waiting", error instanceof ApiError ? error.message : "The server can not be reached.");
      await sleep(pause, ended);
      pause = Math.min(pause * 2, LONGEST_MS);
    }
  }
}

async function messageOf(answer: Response): Promise<string> {
  try {
    return String((await answer.json()).message);
  } catch {
    return `The server answered ${answer.status}.`;
  }
}

function sleep(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    ended.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

interface Event {
  id: string;
  name: string;
  data: string;
}

/** The events of a stream, as the HTML standard reads them; ours are one line of data each. */
async function* eventsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  const reader = stream.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = { id: "", name: "", data: "" };
      for (const line of text.slice(0, end).split("\n")) {
        const [, field, content] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
        if (field === "id") event.id = content!;
        if (field === "event") event.name = content!;
        if (field === "data") event.data += content;
      }
      text = text.slice(end + 2);
      yield event;
    }
  }
}
