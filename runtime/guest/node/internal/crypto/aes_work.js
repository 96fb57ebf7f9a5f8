// What crypto.subtle's AES does: variants by Node's numbers.
'use strict';
const { arrayBufferOf, bytesOf, joined } = require('internal/crypto/bytes');
const { badDecrypt, operationFailed } = require('internal/crypto/failures');
const { cipher, cipherAad, cipherFinal, cipherPadding, cipherUpdate, equal } = native.crypto;

const [ECB, CBC, CTR, GCM] = [0, 1, 2, 3];
const NONE = new Uint8Array(0);

function cbc(decrypts, key, data, iv) {
  const state = cipher(CBC, decrypts ? 1 : 0, key, iv);
  const first = cipherUpdate(state, data);
  const last = cipherFinal(state);
  if (typeof last === 'number') throw badDecrypt();
  return joined(first, last);
}

// The lowest `bits` of the counter go round; the others stay.
function ctr(decrypts, key, data, counter, bits) {
  const low = counter.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const size = 1n << BigInt(bits);
  const blocks = BigInt(Math.ceil(data.length / 16));
  if (blocks > size) throw operationFailed('The counter is too short');
  const untilRound = size - (low & (size - 1n));
  const run = (from, bytes) => cipherUpdate(cipher(CTR, 0, key, from), bytes);
  if (blocks <= untilRound) return run(counter, data);
  const at = 16 * Number(untilRound);
  const begin = (low & ~(size - 1n)).toString(16).padStart(32, '0');
  const again = Uint8Array.from({ length: 16 }, (_, i) => Number(`0x${begin.slice(2 * i, 2 * i + 2)}`));
  return joined(run(counter, data.subarray(0, at)), run(again, data.subarray(at)));
}

// `tag` is its length, or the tag.
function gcm(decrypts, key, data, iv, tag, aad) {
  const state = cipher(GCM, decrypts ? 1 : 0, key, iv);
  cipherAad(state, aad);
  const made = cipherUpdate(state, data);
  const whole = cipherFinal(state);
  if (!decrypts) return joined(made, whole.subarray(0, tag));
  const given = bytesOf(tag);
  if (!equal(whole.slice(0, given.length), given)) throw operationFailed('Cipher job failed');
  return made;
}

// AES key wrap (RFC 3394).
function wrap(decrypts, key, data) {
  if (data.length % 8 !== 0 || data.length < (decrypts ? 24 : 16)) throw operationFailed('Cipher job failed');
  const state = cipher(ECB, decrypts ? 1 : 0, key, NONE);
  cipherPadding(state, 0);
  const blocks = [];
  for (let at = decrypts ? 8 : 0; at < data.length; at += 8) blocks.push(data.slice(at, at + 8));
  let first = decrypts ? data.slice(0, 8) : new Uint8Array(8).fill(0xa6);
  const count = blocks.length;
  for (let step = 0; step < 6 * count; step++) {
    const number = decrypts ? 6 * count - step : step + 1;
    const i = (number - 1) % count;
    if (decrypts) mix(first, number);
    const made = cipherUpdate(state, joined(first, blocks[i]));
    first = made.slice(0, 8);
    blocks[i] = made.slice(8);
    if (!decrypts) mix(first, number);
  }
  if (!decrypts) return joined(first, ...blocks);
  if (!equal(first, new Uint8Array(8).fill(0xa6))) throw operationFailed('Cipher job failed');
  return joined(...blocks);
}

function mix(block, number) {
  for (let i = 7, rest = number; rest > 0; i--, rest = Math.floor(rest / 256)) block[i] ^= rest & 0xff;
}

function aesWork(decrypts, key, data, variant, iv, more, aad) {
  const mode = [ctr, cbc, gcm, wrap][Math.floor(variant / 3)];
  return () => arrayBufferOf(mode(decrypts, key, data, bytesOf(iv), more, bytesOf(aad)));
}

module.exports = { aesWork };
