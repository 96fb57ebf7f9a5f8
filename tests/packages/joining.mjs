// Joins the modules of many cases with hookd's own script for one hook, in one process: `node joining.mjs SCRIPT ESBUILD WORK`.
// WORK/requests.json has the requests, by case; WORK/answers.json gets the answers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [script, esbuild, work] = process.argv.slice(2);
const requests = JSON.parse(readFileSync(join(work, 'requests.json'), 'utf8'));
const answers = {};
for (const [at, [name, request]] of Object.entries(requests).entries()) {
  writeFileSync(join(work, 'request.json'), JSON.stringify(request));
  process.argv = [process.argv[0], script, esbuild, work];
  // Another address is another module: it is evaluated again, and esbuild, which is CommonJS, is not.
  await import(`${pathToFileURL(script)}?${at}`);
  answers[name] = JSON.parse(readFileSync(join(work, 'answer.json'), 'utf8'));
}
writeFileSync(join(work, 'answers.json'), JSON.stringify(answers));
process.exit();
