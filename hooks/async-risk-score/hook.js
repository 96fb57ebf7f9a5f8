// An async function's value is the answer; what it throws breaks the hook, and no token is issued.
/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {import('./hookd').TokenContext} context */
async function score(context) {
  await sleep(5);
  return context.userAgent ? 10 : 60;
}

/** @type {import('./hookd').CredentialsExchange} */
module.exports = async function (client, scope, audience, context) {
  const risk = await score(context);
  if (!client.name) {
    throw new TypeError('a client without a name');
  }
  return { scope, 'https://example.com/claims/risk': risk };
};
