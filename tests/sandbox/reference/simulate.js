// Reads [{source, options}] as JSON from stdin, runs each in webtask-runtime, prints [{status, headers, body}].
'use strict';

const { readFileSync } = require('fs');
const { simulate } = require('webtask-runtime');

const silent = { info() {}, warn() {}, error() {} };
const log = console.log;
console.log = () => {};

function run({ source, options }) {
  return new Promise((resolve) => {
    simulate(source, { ...options, logger: silent }, (answer) => {
      resolve({ status: answer.statusCode, headers: answer.headers, body: answer.payload });
    });
  });
}

async function main() {
  const answers = [];
  for (const each of JSON.parse(readFileSync(0, 'utf8'))) answers.push(await run(each));
  log(JSON.stringify(answers));
}

main();
