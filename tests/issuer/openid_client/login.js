// Logs in with npm's openid-client: discovery, PKCE, state and nonce, and all that it checks of what comes back.
// The browser's part is fetch(). Arguments: issuer, client, secret, callback, audience, user, password.
import * as client from 'openid-client';

const [issuer, id, secret, callback, audience, username, password] = process.argv.slice(2);
const config = await client.discovery(new URL(issuer), id, {}, secret ? client.ClientSecretBasic(secret) : client.None(), {
  execute: [client.allowInsecureRequests],
});
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: callback,
  scope: 'openid email offline_access read:orders',
  audience,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
  nonce: expectedNonce,
});

const page = await (await fetch(address)).text();
const answer = await fetch(new URL('login', address), {
  method: 'POST',
  redirect: 'manual',
  headers: { Origin: address.origin },
  body: new URLSearchParams({ request: /name="request" value="([^"]*)"/.exec(page)[1], username, password }),
});
const tokens = await client.authorizationCodeGrant(config, new URL(answer.headers.get('location')), {
  pkceCodeVerifier,
  expectedState,
  expectedNonce,
  idTokenExpected: true,
});
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
console.log(JSON.stringify({ claims: tokens.claims(), scope: tokens.scope, refreshed: refreshed.claims() }));
