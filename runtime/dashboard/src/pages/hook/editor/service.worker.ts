// The compiler in a thread of its own: `{ id, ask, values }` in, `{ id, answer }` or `{ id, fault }` out.
import type { TriggerId } from "../../../api.ts";
import { Service } from "./service.ts";

export interface Question {
  id: number;
  ask: "start" | "check" | "complete" | "describe" | "hover" | "format";
  /** The text, which each question has anew, then what is asked about it. */
  values: [text: string, ...more: unknown[]];
}

const thread = self as unknown as { postMessage: (answer: unknown) => void; onmessage: (event: MessageEvent<Question>) => void };
let service: Service | undefined;

thread.onmessage = ({ data: { id, ask, values } }) => {
  try {
    thread.postMessage({ id, answer: answerTo(ask, values) });
  } catch (error) {
    thread.postMessage({ id, fault: String(error) });
  }
};

function answerTo(ask: Question["ask"], [text, ...more]: Question["values"]): unknown {
  if (ask === "start") {
    service = new Service(text as TriggerId);
    service.check(); // reads the libraries, which takes longest
    return true;
  }
  service!.open(text);
  if (ask === "check") return service!.check();
  if (ask === "complete") return service!.complete(more[0] as number);
  if (ask === "describe") return service!.describe(more[0] as number, more[1] as string);
  if (ask === "format") return service!.format();
  return service!.hover(more[0] as number);
}
