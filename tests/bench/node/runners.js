'use strict';
// How each reference runs the hook: name -> async () -> (request JSON -> answer JSON). What can be prepared once, at
// deploy time, is (compiled script, snapshot); what isolates is made anew for every request. None has a time limit,
// which flatters them: hookd runs with all of its limits.

const { program } = require('./hook');

async function vmContext() {
  const vm = require('node:vm');
  const script = new vm.Script(program);
  return (json) => script.runInContext(vm.createContext({}))(json);
}

async function isolatedVm() {
  const ivm = require('isolated-vm');
  const snapshot = ivm.Isolate.createSnapshot([{ code: `globalThis.run = ${program}` }]);
  return (json) => {
    const isolate = new ivm.Isolate({ snapshot, memoryLimit: 32 });
    try {
      const run = isolate.createContextSync().global.getSync('run', { reference: true });
      return run.applySync(undefined, [json]);
    } finally {
      isolate.dispose();
    }
  };
}

async function quickjs() {
  const { getQuickJS } = require('quickjs-emscripten');
  const engine = await getQuickJS();
  return (json) => {
    const context = engine.newContext();
    try {
      const run = context.unwrapResult(context.evalCode(program));
      const input = context.newString(json);
      const output = context.unwrapResult(context.callFunction(run, context.undefined, input));
      const answer = context.getString(output);
      for (const handle of [run, input, output]) handle.dispose();
      return answer;
    } finally {
      context.dispose();
    }
  };
}

async function warm() {
  return (0, eval)(program);
}

module.exports = { 'vm.createContext': vmContext, 'isolated-vm': isolatedVm, 'quickjs-emscripten': quickjs, warm };
