'use strict';
// Times one runner in this process. Reads `{"seconds", "most"}` lines, answers each with a line of microseconds per call.
// Usage: node inprocess.js RUNNER

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const runners = require('./runners');

const request = JSON.stringify(JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'data', 'request.json'), 'utf8')));

function round(run, seconds, most) {
  const samples = [];
  const end = performance.now() + seconds * 1e3;
  let started;
  while (((started = performance.now()) < end && samples.length < most) || !samples.length) {
    run(request);
    samples.push((performance.now() - started) * 1e3);
  }
  return samples;
}

async function main() {
  const run = await runners[process.argv[2]]();
  const answer = JSON.parse(run(request));
  if (!answer.token.scope.includes('extra')) throw new Error(`wrong answer: ${JSON.stringify(answer)}`);
  console.log('{"ready": true}');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { seconds, most } = JSON.parse(line);
    console.log(JSON.stringify(round(run, seconds, most)));
  }
}

main();
