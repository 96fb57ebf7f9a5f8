'use strict';
// A plain HTTP server that answers as hookd's execution API does, with the hook run by one of the runners.
// Without authentication, rules for claims and execution records, which flatters it. Usage: node server.js RUNNER

const http = require('node:http');
const { randomUUID } = require('node:crypto');
const runners = require('./runners');

function decision(answer, started) {
  const { token, error } = JSON.parse(answer);
  const duration = Math.round((performance.now() - started) * 1e3) / 1e3;
  const execution = { id: randomUUID(), hook: 'seed', version: '0'.repeat(64), duration_ms: duration, cpu_ms: duration };
  if (error) return { decision: 'deny', error: 'access_denied', error_description: error, execution };
  const { scope, ...claims } = token;
  return { decision: 'allow', scope, claims, dropped: [], execution };
}

async function main() {
  const run = await runners[process.argv[2]]();
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const started = performance.now();
      const answer = run(Buffer.concat(chunks).toString());
      const body = Buffer.from(JSON.stringify(decision(answer, started)));
      response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length });
      response.end(body);
    });
  });
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
}

main();
