// The vendor's compilers themselves, as an oracle: cases as JSON on stdin, what each is answered as JSON on stdout.
// A case: { compiler, script, body, secrets?, authorization? }. An answer: { status, body }, or { crashed } where it threw.
'use strict';

const compilers = require('..');
const compile = require('./originalCompiler');

function answered({ compiler, script, body, secrets = {}, authorization }) {
  return new Promise((resolve) => {
    const ctx = { body, secrets, headers: authorization === undefined ? {} : { authorization } };
    const res = { writeHead(status) { this.status = status; }, end(text) { resolve({ status: this.status, body: JSON.parse(text) }); } };
    compilers[compiler]({ script, nodejsCompiler: compile }, (error, handler) => {
      try {
        handler(ctx, { method: body ? 'POST' : 'GET' }, res);
      } catch (thrown) {
        resolve({ crashed: `${thrown.name}: ${thrown.message}` });
      }
    });
  });
}

async function main() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  const cases = JSON.parse(Buffer.concat(pieces));
  process.stdout.write(JSON.stringify(await Promise.all(cases.map(answered))));
}

main();
