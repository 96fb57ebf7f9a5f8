// The editor's compiler as it is built, without a browser: node compiler.mjs SERVICE.WORKER.JS. Standard input has a list of
// [trigger, script]; standard output has what is wrong with each: [language, [[severity, message, text], ...]].
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const answers = [];
const self = { postMessage: (answer) => answers.push(answer) };
// A context of its own, in which nothing says that this is Node: the compiler would take it for a command then.
runInContext(readFileSync(process.argv[2], "utf8"), createContext({ self, setTimeout, clearTimeout, performance }), { filename: "service.worker.js" });

function ask(ask, ...values) {
  self.onmessage({ data: { id: 1, ask, values } });
  const { answer, fault } = answers.pop();
  if (fault) throw new Error(fault);
  return answer;
}

let last = "";
const found = [];
for (const [trigger, script] of JSON.parse(readFileSync(0, "utf8"))) {
  if (trigger !== last) ask("start", (last = trigger));
  const { language, problems } = ask("check", script);
  found.push([language, problems.map(({ severity, message, from, to }) => [severity, message, script.slice(from, to)])]);
}
process.stdout.write(JSON.stringify(found));
