// Runs the cases in Node: `{"cases": {name: file}, "arguments"}` in, `{name: {"value"} or {"error"}}` out.
'use strict';
const { readFileSync, writeSync } = require('node:fs');

const SECONDS = 20;

async function run(file, given) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, SECONDS * 1000, new Error('it does not end'))));
  try {
    return { value: await Promise.race([require(file)(...given), late]) };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  } finally {
    clearTimeout(timer);
  }
}

(async () => {
  const { cases, arguments: given } = JSON.parse(readFileSync(0, 'utf8'));
  const answers = {};
  for (const [name, file] of Object.entries(cases)) answers[name] = await run(file, given);
  writeSync(1, JSON.stringify(answers));
  process.exit();
})();
