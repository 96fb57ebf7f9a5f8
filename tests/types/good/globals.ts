import { createHash } from 'node:crypto';
import * as path from 'path';
import type { CredentialsExchange } from './hookd';

/** Every global once, as hooks use them. The tests run it, too. */
const hook: CredentialsExchange = async (client, scope, audience, context) => {
  const url = new URL(`/plans?for=${encodeURIComponent(client.id)}`, 'https://127.0.0.1:1');
  url.searchParams.append('of', new URLSearchParams({ audience }).get('audience') ?? '');
  const controller = new AbortController();
  controller.signal.addEventListener('abort', (event) => console.debug(event.type), { once: true });
  const timer = setTimeout(() => controller.abort(), 5000);
  const request = new Request(url, { method: 'POST', body: new URLSearchParams({ a: 'b' }), signal: controller.signal });
  let why = '';
  try {
    const response = await fetch(request, { headers: new Headers([['accept', 'application/json']]) });
    if (!response.ok) throw new ServerError(`${response.status} ${response.headers.get('retry-after')}`);
    why = ((await response.json()) as { plan: string }).plan;
  } catch (error) {
    why = error instanceof TypeError ? 'closed' : (error as Error).message;
  } finally {
    clearTimeout(timer);
  }
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('key'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signature = Buffer.from(await crypto.subtle.sign('HMAC', key, Buffer.from(audience, 'utf8')));
  const number: number = Buffer.concat([Buffer.from([0, 0, 1, 2]), crypto.getRandomValues(new Uint8Array(2))]).readUInt32BE(0);
  const text: string = new TextDecoder('utf-8', { fatal: true }).decode(signature.subarray(0, 0)) + signature.toString('base64url');
  const given = await Response.json({ kept: structuredClone(new Map([['a', 1]])).get('a') }, { status: 201 }).json();
  const blob: Blob = new File([await new Blob(['a', signature]).bytes()], 'a.bin', { type: 'text/plain' });
  await new Promise<void>((resolve) => queueMicrotask(() => process.nextTick(() => setImmediate(resolve))));
  const { createHmac } = require('crypto');
  return {
    scope,
    'https://example.com/why': why,
    'https://example.com/number': number,
    'https://example.com/text': text === createHmac('sha256', 'key').update(audience).digest('base64url'),
    'https://example.com/hash': createHash('sha256').update('').digest('hex').length,
    'https://example.com/name': path.basename(__filename) !== '' && process.env.HOME === undefined && process.platform !== 'win32',
    'https://example.com/more': [given.kept, blob.size, blob.type, crypto.randomUUID().length, atob(btoa('a')), performance.now() >= 0],
    'https://example.com/errors': [new DOMException('no', 'AbortError').code, AbortSignal.abort() instanceof EventTarget],
    'https://example.com/module': [typeof module.exports, typeof exports, typeof global.fetch, context.ip !== undefined],
  };
};
export default hook;
