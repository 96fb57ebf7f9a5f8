// The vendor's SDKs for Node, driven line by line: `{"domain", "token", "call", "id"?, "query"?, "body"?}` in, `{"value"}` or `{"error"}` out.
// One row per generation says how that SDK spells a call; what it answers or throws is given back as it is.
'use strict';

const name = process.argv[2];
const { ManagementClient } = require(name);

const callbacks = {
  create: (hooks, { body }) => hooks.create(body),
  get: (hooks, { id, query }) => hooks.get({ id, ...query }),
  list: (hooks, { query }) => hooks.getAll(query),
  page: (hooks, { query }) => hooks.getAll({ ...query, include_totals: true }),
  update: (hooks, { id, body }) => hooks.update({ id }, body),
  delete: (hooks, { id }) => hooks.delete({ id }),
  secrets: (hooks, { id }) => hooks.getSecrets({ id }),
  addSecrets: (hooks, { id, body }) => hooks.addSecrets({ id }, body),
  updateSecrets: (hooks, { id, body }) => hooks.updateSecrets({ id }, body),
  deleteSecrets: (hooks, { id, body }) => hooks.removeSecrets({ id }, body),
};

const responses = {
  ...callbacks,
  deleteSecrets: (hooks, { id, body }) => hooks.deleteSecrets({ id }, body),
};

const generated = {
  create: (hooks, { body }) => hooks.create(body),
  get: (hooks, { id, query }) => hooks.get(id, query),
  list: async (hooks, { query }) => {
    const all = [];
    for await (const hook of await hooks.list(query)) all.push(hook);
    return all;
  },
  page: async (hooks, { query }) => (await hooks.list(query)).response,
  update: (hooks, { id, body }) => hooks.update(id, body),
  delete: (hooks, { id }) => hooks.delete(id),
  secrets: (hooks, { id }) => hooks.secrets.get(id),
  addSecrets: (hooks, { id, body }) => hooks.secrets.create(id, body),
  updateSecrets: (hooks, { id, body }) => hooks.secrets.update(id, body),
  deleteSecrets: (hooks, { id, body }) => hooks.secrets.delete(id, body),
};

const SDKS = {
  'auth0-2': { calls: callbacks, value: (answer) => answer, body: (error) => error.originalError.response.body },
  auth0: { calls: callbacks, value: (answer) => answer, body: (error) => error.originalError.response.body },
  'auth0-4': { calls: responses, value: (answer) => answer.data, body: (error) => JSON.parse(error.body) },
  'auth0-7': { calls: generated, value: (answer) => answer, body: (error) => error.body },
};

async function answer({ domain, token, call, ...given }) {
  const { calls, value, body } = SDKS[name];
  const { hooks } = new ManagementClient({ domain, token });
  try {
    return { value: value(await calls[call](hooks, given)) };
  } catch (error) {
    if (error.statusCode === undefined) throw error;
    return { error: { name: error.name, status: error.statusCode, message: error.message, body: body(error) } };
  }
}

(async () => {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
})();
