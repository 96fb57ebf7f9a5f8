"""Node's crypto and crypto.subtle in the guest: Node, `cryptography` and the standards say what is right."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from runtime.model import Failure
from runtime.sandbox.pool import WasmSandbox, open_sandbox
from runtime.settings import LimitSettings, SandboxSettings
from tests.guest.comparing import LIMITS, answered, cases_of, differences, in_guest
from tests.guest.keys import only_for_node, pem
from tests.sandbox.running import run

HERE = Path(__file__).parent
SUBTLE = (
    "const subtle = crypto.subtle; const hex = (bytes) => Buffer.from(bytes).toString('hex');"
    "const der = (name) => Buffer.from(keys[name].replace(/-----[^-]*-----|\\s/g, ''), 'base64');"
    "const fails = async (promise) => { try { log('fine', await promise); }"
    " catch (error) { log(error.constructor.name, error.name, error.message, error.code); } };"
)
VECTORS = """
const crypto = require('crypto');
const b = (hex) => Buffer.from(hex, 'hex');
const wrong = [];
let right = 0;
function same(expected, given) {
  const text = typeof given === 'string' ? given : Buffer.from(given).toString('hex');
  if (text === expected) right++;
  else wrong.push([expected, text]);
}
function encrypted(name, key, iv, text, aad) {
  const isGcm = name.endsWith('gcm');
  const cipher = crypto.createCipheriv(name, b(key), iv ? b(iv) : null);
  if (aad) cipher.setAAD(b(aad));
  if (!isGcm) cipher.setAutoPadding(false);
  return cipher.update(text, 'hex', 'hex') + cipher.final('hex') + (isGcm ? cipher.getAuthTag('hex').toString('hex') : '');
}
function edwards(hex, curve = 'Ed25519', isPublic = false) {
  const oid = curve === 'X25519' ? '6e' : '70';
  if (isPublic) return crypto.createPublicKey({ key: b(`302a300506032b65${oid}032100${hex}`), format: 'der', type: 'spki' });
  return crypto.createPrivateKey({ key: b(`302e020100300506032b65${oid}04220420${hex}`), format: 'der', type: 'pkcs8' });
}
function ecdh(curve, secret, other) {
  const mine = crypto.createECDH(curve);
  mine.setPrivateKey(secret, 'hex');
  return mine.computeSecret(other, 'hex', 'hex');
}
module.exports = async function () {
%s
  return { right, wrong };
};
"""
NEEDS_NODE = [
    "crypto.createHash('ripemd160')",
    "crypto.createHmac('sm3', 'k')",
    "crypto.createCipheriv('des-ede3-cbc', Buffer.alloc(24), Buffer.alloc(8))",
    "crypto.createCipheriv('chacha20-poly1305', Buffer.alloc(32), Buffer.alloc(12))",
    "crypto.createCipheriv('aes-128-ccm', Buffer.alloc(16), Buffer.alloc(12), { authTagLength: 16 })",
    "crypto.createECDH('secp521r1')",
    "crypto.createDiffieHellman(512)",
    "crypto.getDiffieHellman('modp14')",
    "crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })",
    "crypto.generateKeyPairSync('ec', { namedCurve: 'P-521' })",
    "crypto.generateKeyPairSync('ed448')",
    "crypto.generatePrimeSync(64)",
    "crypto.checkPrimeSync(7n)",
    "new crypto.X509Certificate('')",
    *(
        f"crypto.verify(null, Buffer.alloc(1), {key}, Buffer.alloc(64))"
        for name in ("p521", "brainpool", "ed448", "wide")
        for key in (f"keys.{name}Public", f"crypto.createPublicKey(keys.{name}Public)")
    ),
    "crypto.sign('sha512', Buffer.alloc(1), keys.p521)",
    "crypto.publicEncrypt(keys.widePublic, Buffer.alloc(1))",
    "crypto.createPublicKey(keys.p521Public).export({ format: 'pem', type: 'spki' })",
    "crypto.createPublicKey(keys.p521Public).export({ format: 'jwk' })",
    "crypto.createPublicKey(keys.ed448Public).equals(crypto.createPublicKey(keys.ed448Public))",
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox(engine_cache: Path) -> AsyncIterator[WasmSandbox]:
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1, concurrency=4))
    yield sandbox
    await sandbox.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_it_does_what_nodes_does(sandbox: WasmSandbox):
    """Every case of the corpus logs what it logs in Node, messages and codes of errors included."""
    assert await differences(sandbox, cases_of(HERE / "crypto_corpus.js"), pem()) == {}


async def test_subtle_does_what_nodes_does(sandbox: WasmSandbox):
    """Likewise, with the names of DOMExceptions."""
    assert await differences(sandbox, cases_of(HERE / "webcrypto_corpus.js"), pem(), before=SUBTLE) == {}


async def test_the_standards_answers_are_known(sandbox: WasmSandbox):
    """What RFCs and FIPS publications print comes out."""
    cases = cases_of(HERE / "crypto_vectors.js")

    assert await in_guest(sandbox, VECTORS % "\n".join(cases)) == {"right": len(cases), "wrong": []}


async def signed(sandbox: WasmSandbox, key: str, how: str) -> bytes:
    source = f"const crypto = require('crypto'); module.exports = (key, cb) => cb(null, crypto.sign({how}).toString('base64'));"
    return b64decode(await in_guest(sandbox, source, pem()[key]))


async def verified(sandbox: WasmSandbox, key: str, how: str, signature: bytes) -> bool:
    source = (
        "const crypto = require('crypto'); module.exports = (key, text, cb) => {"
        f"const signature = Buffer.from(text, 'base64'); cb(null, crypto.verify({how}, signature)); }};"
    )
    return bool(await in_guest(sandbox, source, pem()[f"{key}Public"], b64encode(signature).decode()))


PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


@pytest.mark.parametrize(
    ("key", "how", "arguments"),
    [
        ("rsa", "'sha256', Buffer.from('data'), key", (padding.PKCS1v15(), hashes.SHA256())),
        ("rsa", "'sha256', Buffer.from('data'), { key, padding: 6, saltLength: 32 }", (PSS, hashes.SHA256())),
        ("ec", "'sha256', Buffer.from('data'), key", (ec.ECDSA(hashes.SHA256()),)),
        ("p384", "'sha384', Buffer.from('data'), key", (ec.ECDSA(hashes.SHA384()),)),
        ("k256", "'sha256', Buffer.from('data'), key", (ec.ECDSA(hashes.SHA256()),)),
        ("ed", "null, Buffer.from('data'), key", ()),
    ],
)
async def test_signatures_are_exchanged_with_openssl(
    sandbox: WasmSandbox, key: str, how: str, arguments: tuple[Any, ...]
):
    """What the guest signs `cryptography` verifies, and the other way round; with another text neither does."""
    made = await signed(sandbox, key, how)
    secret, open_key = (
        load_pem_private_key(pem()[key].encode(), None),
        load_pem_public_key(pem()[f"{key}Public"].encode()),
    )
    assert isinstance(secret, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    assert isinstance(open_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey)
    open_key.verify(made, b"data", *arguments)
    with pytest.raises(InvalidSignature):
        open_key.verify(made, b"date", *arguments)
    theirs = secret.sign(b"data", *arguments)

    assert await verified(sandbox, key, how, theirs)
    assert not await verified(sandbox, key, how.replace("'data'", "'date'"), theirs)


async def test_encryption_is_exchanged_with_openssl(sandbox: WasmSandbox):
    """RSA-OAEP and AES-GCM, both ways."""
    source = """const crypto = require('crypto');
    module.exports = function (keys, oaep, gcm, cb) {
      const cipher = crypto.createCipheriv('aes-256-gcm', Buffer.alloc(32, 1), Buffer.alloc(12, 2)).setAAD(Buffer.from('aad'));
      const data = Buffer.concat([cipher.update('mine'), cipher.final(), cipher.getAuthTag()]);
      const back = Buffer.from(gcm, 'base64');
      const decipher = crypto.createDecipheriv('aes-256-gcm', Buffer.alloc(32, 1), Buffer.alloc(12, 2));
      decipher.setAAD(Buffer.from('aad')).setAuthTag(back.subarray(-16));
      cb(null, {
        oaep: crypto.publicEncrypt({ key: keys[1], oaepHash: 'sha256' }, Buffer.from('mine')).toString('base64'),
        gcm: data.toString('base64'),
        read: [
          crypto.privateDecrypt({ key: keys[0], oaepHash: 'sha256' }, Buffer.from(oaep, 'base64')).toString(),
          decipher.update(back.subarray(0, -16), null, 'utf8') + decipher.final('utf8'),
        ],
      });
    };"""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    secret, open_key = (
        load_pem_private_key(pem()["rsa"].encode(), None),
        load_pem_public_key(pem()["rsaPublic"].encode()),
    )
    assert isinstance(secret, rsa.RSAPrivateKey)
    assert isinstance(open_key, rsa.RSAPublicKey)
    box = AESGCM(b"\1" * 32)
    theirs = open_key.encrypt(b"theirs", oaep), box.encrypt(b"\2" * 12, b"theirs", b"aad")
    keys = [pem()["rsa"], pem()["rsaPublic"]]

    answer = await in_guest(sandbox, source, keys, *(b64encode(each).decode() for each in theirs))

    assert answer["read"] == ["theirs", "theirs"]
    assert secret.decrypt(b64decode(answer["oaep"]), oaep) == b"mine"
    assert box.decrypt(b"\2" * 12, b64decode(answer["gcm"]), b"aad") == b"mine"


CHANCE = """
const crypto = require('crypto');
%s
module.exports = async function (key) {
  const pair = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt']);
  const bytes = [
    crypto.randomBytes(16), crypto.randomUUID(), crypto.randomUUID({ disableEntropyCache: true }), crypto.randomInt(2 ** 40),
    globalThis.crypto.getRandomValues(new Uint8Array(16)), globalThis.crypto.randomUUID(),
    crypto.sign('sha256', Buffer.from('same'), { key, dsaEncoding: 'ieee-p1363' }).subarray(0, 32),
    crypto.generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }),
    crypto.createECDH('prime256v1').generateKeys(), await crypto.subtle.exportKey('raw', pair),
  ];
  return [...bytes.map((each) => typeof each === 'object' ? Buffer.from(each).toString('hex') : String(each)), ...early.map(String)];
};
"""


@pytest.mark.parametrize(
    "early",
    [
        "const early = [];",
        "const early = [crypto.randomUUID(), crypto.randomInt(2 ** 40), crypto.randomBytes(9).toString('hex')];",
        "const early = [crypto.createECDH('prime256v1').generateKeys('hex')];",
    ],
    ids=["nothing at load", "chance at load", "a key at load"],
)
async def test_no_two_requests_have_the_same_chance(sandbox: WasmSandbox, early: str):
    """Neither bytes, ids, keys nor a signature's nonce; what a hook draws while it loads is in no image."""
    program = sandbox.load(await sandbox.make_image(CHANCE % early))
    answers = [await answered(sandbox, program, pem()["ec"]) for _ in range(3)]
    drawn = [value for values in answers for value in values]

    assert len(set(drawn)) == len(drawn) == 3 * len(answers[0])


async def test_a_signature_fits_into_the_default_limits(sandbox: WasmSandbox):
    """RS256 with 2,048 bits, signed and verified, and PBKDF2 with 10,000 rounds."""
    source = """const crypto = require('crypto');
    module.exports = function (secret, open, cb) {
      const signature = crypto.createSign('RSA-SHA256').update('data').sign(secret);
      const key = crypto.pbkdf2Sync('password', 'salt', 10000, 32, 'sha256').toString('hex');
      cb(null, [crypto.createVerify('RSA-SHA256').update('data').verify(open, signature), key]);
    };"""
    limits = replace(LimitSettings().limits(), wall_ms=20_000)

    answer = await in_guest(sandbox, source, pem()["rsa"], pem()["rsaPublic"], limits=limits)

    assert answer == [True, hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 10_000).hex()]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("crypto.pbkdf2Sync('p', 's', 2 ** 31 - 1, 64, 'sha512')", "cpu_limit"),
        ("crypto.scryptSync('p', 's', 64, { N: 2 ** 17, r: 8, maxmem: 2 ** 30 })", "memory_limit"),
        ("crypto.randomBytes(2 ** 27)", "memory_limit"),
    ],
)
async def test_no_computation_gets_past_a_limit(sandbox: WasmSandbox, call: str, code: str):
    """C and Zig are stopped as JavaScript is."""
    source = f"const crypto = require('crypto'); module.exports = (cb) => cb(null, {call}.length);"
    limits = replace(LIMITS, cpu_ms=200, memory_bytes=32 << 20)

    outcome = (await run(sandbox, source, limits=limits)).outcome

    assert isinstance(outcome, Failure)
    assert outcome.code == code


async def test_deep_in_a_recursion_it_is_a_range_error(sandbox: WasmSandbox):
    """The stack that std.crypto needs is there, or the hook gets JavaScript's own error."""
    source = """const crypto = require('crypto');
    module.exports = function (secret, cb) {
      const seen = new Set();
      function deeper() {
        try { deeper(); } catch (error) { seen.add(error.name); }
        if (seen.has('fine')) return;
        try { crypto.sign('sha256', Buffer.from('a'), secret); seen.add('fine'); } catch (error) { seen.add(error.name); }
      }
      deeper();
      cb(null, [...seen]);
    };"""

    assert await in_guest(sandbox, source, pem()["ec"]) == ["RangeError", "fine"]


async def test_what_is_not_there_names_the_node_engine(sandbox: WasmSandbox):
    """An error, which a hook can catch, and never a wrong result."""
    tries = ",".join(f"() => {call}" for call in NEEDS_NODE)
    source = f"""const crypto = require('crypto');
    module.exports = (keys, cb) => cb(null, [{tries}].map((call) => {{ try {{ call(); return 'fine'; }} catch (e) {{ return e.message; }} }}));"""
    messages = await in_guest(sandbox, source, only_for_node())

    assert [
        m
        for m in messages
        if not m.endswith('is not part of the wasm engine; a hook that needs it has to say engine = "node".')
    ] == []


async def test_a_public_key_is_no_secret(sandbox: WasmSandbox):
    """Not even one that can not be read: jsonwebtoken takes for a secret what is no key, and everybody has a public one."""
    body = "A" * 64
    texts = [f"-----BEGIN {label}-----\n{body}\n-----END {label}-----" for label in ("PUBLIC KEY", "CERTIFICATE")]
    source = """const { createSecretKey } = require('crypto');
    const attempt = (text) => { try { return createSecretKey(text, 'latin1').type; } catch (error) { return error.code; } };
    module.exports = (texts, cb) => cb(null, texts.map(attempt));"""

    assert await in_guest(sandbox, source, [*texts, "x" * 64]) == [
        "ERR_OSSL_ASN1_WRONG_TAG",
        "ERR_OSSL_ASN1_WRONG_TAG",
        "secret",
    ]


async def test_a_hook_that_breaks_the_natives_breaks_itself(sandbox: WasmSandbox):
    """Buffers that shrink or go while they are used, and handles of the wrong kind, are errors."""
    source = """const crypto = require('crypto');
    module.exports = function (cb) {
      const out = [];
      const attempt = (run) => { try { run(); out.push('fine'); } catch (error) { out.push(error.name); } };
      const shrinking = new ArrayBuffer(64, { maxByteLength: 64 });
      const view = new Uint8Array(shrinking);
      attempt(() => crypto.createHash('sha256').update(view, { toString() { shrinking.resize(1); return 'hex'; } }).digest());
      attempt(() => { shrinking.resize(0); crypto.createHash('sha256').update(view).digest(); });
      attempt(() => { const gone = new ArrayBuffer(8); const bytes = new Uint8Array(gone); gone.transfer(); crypto.randomFillSync(bytes); });
      const handle = Object.getOwnPropertySymbols(crypto.createHash('md5')).find((symbol) => symbol.description === 'kHandle');
      attempt(() => crypto.createHmac('md5', 'k')[handle].update.call(crypto.createHash('md5')[handle], 'a'));
      attempt(() => crypto.createCipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16))[handle].update.call({}, 'a'));
      attempt(() => new (crypto.createHash('md5')[handle].constructor)({}));
      cb(null, out);
    };"""

    outcomes = await in_guest(sandbox, source)

    assert outcomes[3:] == ["TypeError", "TypeError", "TypeError"]
    assert set(outcomes[:3]) <= {"fine", "TypeError"}
