// Expressions that give in the guest what they give in Node 20. `#` begins a module; it stands as `m` in its lines.

# buffer
Buffer.from('héllo €😀').toString('hex')
['utf8', 'latin1', 'ascii', 'base64', 'base64url', 'hex', 'utf16le', 'binary', 'ucs2'].map((e) => Buffer.from('héllo €😀?', 'utf8').toString(e))
['utf8', 'latin1', 'ascii', 'base64', 'base64url', 'hex', 'utf16le'].map((e) => [...Buffer.from('6869aGk_-=é😀', e)])
Buffer.from([0xe2, 0x82, 0x61, 0xff, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98]).toString()
['a', 'é', '€', '😀', '\ud800x'].map((s) => Buffer.byteLength(s))
Buffer.concat([Buffer.from('ab'), Buffer.alloc(2, 'x'), Buffer.from([1])]).toJSON()
[Buffer.compare(Buffer.from('a'), Buffer.from('b')), Buffer.from('b').compare(Buffer.from('a')), Buffer.from('a').equals(Buffer.from('a'))]
['b', 98, Buffer.from('cd'), ''].map((x) => [Buffer.from('abcdabcd').indexOf(x), Buffer.from('abcdabcd').lastIndexOf(x), Buffer.from('abcdabcd').includes(x, 6)])
[Buffer.from('abcdef').slice(1, 3), Buffer.from('abcdef').subarray(-2), Buffer.from('abcdef').toString('utf8', 2, 4)]
(() => { const b = Buffer.alloc(24); b.writeUInt32BE(7, 0); b.writeInt16LE(-2, 4); b.writeDoubleBE(1.5, 8); b.writeBigInt64LE(-5n, 16); return [b, b.readUInt32BE(0), b.readInt16LE(4), b.readDoubleBE(8), b.readBigInt64LE(16)]; })()
[Buffer.alloc(5, 'ab'), Buffer.alloc(3).fill(257), Buffer.alloc(4).fill('6162', 'hex'), Buffer.allocUnsafe(3).fill(0)]
(() => { const b = Buffer.alloc(6); return [b.write('hello world', 2), b.write('zz', 1, 1, 'latin1'), b.toString('latin1')]; })()
[Buffer.from('abcd').swap16(), Buffer.from('abcd').swap32(), Buffer.from('abcdefgh').swap64()]
Buffer.from('x').readUInt16BE(0)
Buffer.from(5)
Buffer.alloc('5')
Buffer.from('a').toString('nope')
Buffer.alloc(1).writeUInt8(256)
[Buffer.isBuffer(Buffer.alloc(0)), Buffer.isBuffer(new Uint8Array()), Buffer.isEncoding('UTF-8'), Buffer.isEncoding('x'), Buffer.poolSize]
require('util').inspect(Buffer.from('hello'.repeat(20)))
[m.atob('aGVsbG8='), m.btoa('hello'), m.isUtf8(Buffer.from([0xff])), m.isAscii(Buffer.from('a')), m.kMaxLength, m.constants]
m.btoa('€')
m.atob('a')
m.transcode(Buffer.from('€'), 'utf8', 'ascii').toString('latin1')
JSON.stringify(Buffer.from('ab'))
[...Buffer.from('abc').entries()]
Buffer.from(new Uint16Array([1, 2, 3]).buffer, 2, 2)

# string_decoder
(() => { const d = new m.StringDecoder('utf8'); return [d.write(Buffer.from([0xe2, 0x82])), d.lastNeed, d.write(Buffer.from([0xac, 0xf0])), d.end()]; })()
(() => { const d = new m.StringDecoder('utf16le'); return [d.write(Buffer.from([0x61, 0, 0x3d])), d.write(Buffer.from([0xd8, 0x4d])), d.end(Buffer.from([0xdc]))]; })()
(() => { const d = new m.StringDecoder('base64'); return [d.write(Buffer.from('abcd')), d.end()]; })()
new m.StringDecoder('nope')

# util
m.format('%s %d %i %f %j %o %O %% %x', 'a', 1.5, '42.1', '3.5', { a: 1 }, [1], { b: 2 }, 'rest', Symbol('s'))
m.inspect({ a: { b: { c: { d: 1 } } }, f() {}, s: Symbol('x'), m: new Map([[1, { a: 2 }]]) }, { depth: 0 })
m.inspect('a', true, 1)
[m.isDeepStrictEqual({ a: [1, new Set([1])] }, { a: [1, new Set([1])] }), m.isDeepStrictEqual([0], [-0]), m.isDeepStrictEqual(new Map([[{}, 1]]), new Map([[{}, 1]]))]
(() => { function A() {} function B() {} m.inherits(A, B); return [A.super_ === B, new A() instanceof B]; })()
m.inherits(1, 2)
Object.keys(m.types).filter((k) => k.startsWith('is')).map((k) => [k, [new Date(), /a/, Promise.resolve(), new Map(), new Set(), new WeakMap(), new Error(), function* () {}, async () => {}, new Proxy({}, {}), new Uint8Array(1), new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), Object(1), Object('a'), [][Symbol.iterator](), new Map().keys(), (function () { return arguments; })()].map((v) => +m.types[k](v)).join('')])
m.promisify((a, cb) => cb(null, a + 1))(1)
m.promisify((cb) => cb(new Error('no')))().catch((e) => e.message)
m.promisify(5)
m.promisify(setTimeout)(1, 'late')
new Promise((r) => m.callbackify(async (a) => a * 2)(4, (e, v) => r([e, v])))
m.types.isNativeError(new (class X extends TypeError {})())
[m.stripVTControlCharacters('\u001b[31mred\u001b[0m'), m.toUSVString('a\ud800'), m.isArray([]), m.styleText('red', 'x')]
m.parseArgs({ args: ['-f', '--bar', 'b', 'pos'], options: { f: { type: 'boolean', short: 'f' }, bar: { type: 'string' } }, allowPositionals: true }).values
m.deprecate(() => 5, 'old')()
new m.MIMEType('text/html; charset=utf-8').essence
m.getSystemErrorName(-2)
[new m.TextDecoder('latin1').encoding, new m.TextDecoder().decode(new m.TextEncoder().encode('é'))]
m.debuglog('x').enabled

# events
(() => { const e = new m(); const seen = []; e.on('a', (x) => seen.push(x)); e.once('a', (x) => seen.push('once' + x)); e.prependListener('a', () => seen.push('first')); e.emit('a', 1); e.emit('a', 2); return [seen, e.listenerCount('a'), e.eventNames(), e.emit('b')]; })()
new m().emit('error', new Error('boo'))
new m().emit('error', { a: 1 })
new m().on('a', 5)
m.once(Object.assign(new m(), { x: 1 }), 'a', { signal: AbortSignal.abort() }).catch((e) => [e.name, e.code, e.message])
(() => { const e = new m(); setTimeout(() => e.emit('x', 1, 2), 1); return m.once(e, 'x'); })()
(() => { const e = new m(); e.setMaxListeners(1); return [e.getMaxListeners(), m.defaultMaxListeners, m.EventEmitter === m]; })()

# path
[m.join('/a', '..', 'b', './c'), m.resolve('/a', 'b'), m.basename('/x/y.txt', '.txt'), m.extname('a.b.c'), m.dirname('/a/b'), m.parse('/home/u/f.txt'), m.relative('/a/b/c', '/a/d'), m.isAbsolute('a'), m.normalize('/a//b/../c/.'), m.format({ dir: '/x', base: 'y' }), m.win32.join('a', 'b'), m.sep, m.posix === m]
m.join(5)

# querystring
[m.parse('a=1&b=2&a=3&c=%20x+y&d'), m.stringify({ a: [1, 2], b: 'x y', c: true, d: null, é: '€' }), m.escape('a b&c'), m.unescape('%zz%41'), m.parse('a:1;b:2', ';', ':'), m.parse('a=1&a=2', null, null, { maxKeys: 1 })]

# punycode
[m.toASCII('mañana.com'), m.toUnicode('xn--maana-pta.com'), m.encode('bücher'), m.decode('bcher-kva'), m.ucs2.decode('😀a'), m.version]
m.decode('\x80')

# os
[m.EOL, m.platform(), m.endianness(), m.constants.signals.SIGTERM, m.constants.errno.ENOENT, m.devNull]

# url
m.parse('http://user:pass@sub.host.com:8080/p/a/t/h?query=string#hash')
m.parse('/a?b=c&d=e', true).query
m.parse('//host/path', false, true).host
[m.resolve('/one/two/three', 'four'), m.resolve('http://example.com/one', '/two'), m.resolve('http://a/b/c/d', '../e?x')]
[m.format({ protocol: 'https', host: 'a.com', pathname: '/x', query: { a: 1 } }), m.format(new URL('http://u:p@xn--mnchen-3ya.de/a?b#c'), { auth: false, unicode: true, fragment: false })]
[m.domainToASCII('español.com'), m.domainToUnicode('xn--espaol-zwa.com'), m.domainToASCII('xn--iñvalid.com')]
[m.fileURLToPath('file:///a%20b'), m.pathToFileURL('/a b#?').href, m.urlToHttpOptions(new URL('https://a:b@x.com/p?q')).path]
['http://EXAMPLE.com:80/%7Ea/./b/../c?q=é#f', 'https://user:p%40ss@host:444/', 'file:///C:/a/../b', 'mailto:a@b.c', 'http://[::1]:3000/x', 'http://0x7f.1/', 'http://1.2.3', 'data:text/plain,hi', 'http://münchen.de/ä', 'http://a.b/?x=%zz', 'ws://x:80', 'http://ex%41mple.com'].map((u) => { const { href, origin, protocol, host, hostname, port, pathname, search, hash, username, password } = new URL(u); return [href, origin, protocol, host, hostname, port, pathname, search, hash, username, password]; })
['http://', 'http://a b/', '//x', 'http://[::1', 'http://x:99999', 'http://%00/', 'http://exa mple.com', '', 'http://xn--/', 'http://a<b'].map((u) => URL.canParse(u))
new URL('nope')
new URL('/x', 'nope')
[['/a', 'http://x/b/c'], ['../d?e', 'http://x/b/c/'], ['?q', 'http://x/a?b#c'], ['#h', 'http://x/a?b'], ['//y', 'https://x'], ['file:a', 'file:///b/c']].map(([u, b]) => new URL(u, b).href)
(() => { const u = new URL('http://a.com/x'); u.protocol = 'https'; u.host = 'b.org:8443'; u.pathname = '/é x'; u.search = 'a=1&b=%20'; u.hash = 'frag'; u.username = 'me'; u.password = 'p:w'; u.port = '99'; u.hostname = 'c.net'; u.searchParams.append('z', 'ü'); return [u.href, u.toString(), JSON.stringify(u), u.searchParams.get('b')]; })()
(() => { const p = new URLSearchParams('a=1&b=2&a=3'); p.append('c', ' +&'); p.delete('b'); p.set('d', 'é'); p.sort(); return [p.toString(), p.getAll('a'), [...p], p.has('a', '3'), p.size, new URLSearchParams({ x: 1 }).toString(), new URLSearchParams([['k', 'v']]).get('k')]; })()
require('util').inspect(new URL('http://a.com:81/x?y=1#z'))
require('util').inspect(new URLSearchParams('a=1&b=2'))
['faß.de', 'Bücher.example', '日本語.jp', 'ＧＯ.com', 'xn--bcher-kva.de', 'a.b.c。d', 'straße.de'].map((h) => { try { return new URL('http://' + h).host; } catch (e) { return e.code; } })

# assert
m.strictEqual(1, 2)
m.deepStrictEqual({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] })
m.deepEqual([1, 2, '3'], [1, 2, 3])
m.notStrictEqual(1, 1)
m(true)
m.equal(1, '1')
m.throws(() => { throw new TypeError('bad'); }, TypeError)
m.throws(() => {}, /x/)
m.throws(() => { throw new Error('abc'); }, { message: 'abd' })
m.rejects(Promise.reject(new Error('x')), /x/)
m.rejects(Promise.resolve(1)).catch((e) => [e.code, e.message])
m.fail('told')
m.match('abc', /x/)
m.ifError(new Error('was'))
m.ok(0, 'said')
m.strict.equal(1, '1')
m.doesNotThrow(() => { throw new Error('y'); })

# stream
(async () => { const out = []; for await (const c of m.Readable.from(['a', 'b', 'c'])) out.push(c); return out; })()
(async () => { const out = []; await require('stream/promises').pipeline(m.Readable.from(['a', 'b']), new m.Transform({ transform(c, e, cb) { cb(null, String(c).toUpperCase()); } }), async (s) => { for await (const c of s) out.push(String(c)); }); return out; })()
new Promise((r) => { const w = new m.Writable({ write(c, e, cb) { this.all = (this.all || '') + c; cb(); } }); w.on('finish', () => r(w.all)); w.write('x'); w.end('y'); })
new Promise((r) => { const p = new m.PassThrough(); const seen = []; p.on('data', (c) => seen.push(String(c))).on('end', () => r(seen)); p.write('1'); p.end('2'); })
m.Readable.from([1, 2, 3, 4]).filter((x) => x % 2).map((x) => x * 10).toArray()
new Promise((r) => m.pipeline(new m.Readable({ read() { this.destroy(new Error('broke')); } }), new m.PassThrough(), (e) => r(e.message)))
(() => { const r = new m.Readable({ read() {} }); r.setEncoding('utf8'); r.push(Buffer.from([0xe2, 0x82])); r.push(Buffer.from([0xac])); r.push(null); return r.toArray(); })()
new m.Writable().write('x')
[m.Stream === m, typeof m.Duplex.from, m.isReadable(new m.Readable()), m.getDefaultHighWaterMark(false)]

# timers
[typeof m.setTimeout, m.setTimeout === setTimeout]
m.promises.setTimeout(1, 'v')
m.promises.setTimeout(1, 'v', { signal: AbortSignal.abort() }).catch((e) => [e.name, e.code])
(() => { const t = setTimeout(() => {}, 5); const seen = [t.hasRef(), t.unref() === t, t.hasRef(), t.ref() === t, typeof t[Symbol.toPrimitive](), t.constructor.name]; clearTimeout(t); return seen; })()
setTimeout('x')
new Promise((r) => setTimeout(() => { const seen = []; setTimeout(() => { seen.push('t'); r(seen); }, 2); setImmediate(() => seen.push('i')); process.nextTick(() => seen.push('n')); Promise.resolve().then(() => seen.push('p')); queueMicrotask(() => seen.push('m')); }, 1))

# zlib
['deflate', 'gzip', 'deflateRaw'].map((k, i) => m[['inflate', 'gunzip', 'inflateRaw'][i] + 'Sync'](m[k + 'Sync']('hello '.repeat(50))).toString().length)
m.gunzipSync(Buffer.from('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', 'base64')).toString()
m.inflateSync(Buffer.from('eJzLSM3JyQcABiwCFQ==', 'base64')).toString()
m.unzipSync(Buffer.from('eJzLSM3JyQcABiwCFQ==', 'base64')).toString()
m.gunzipSync(Buffer.from('nothing of the kind'))
m.inflateSync(Buffer.from('eJzLSM3J', 'base64'))
new Promise((r) => m.gzip('abc', (e, b) => m.gunzip(b, (e2, c) => r([e, e2, String(c)]))))
new Promise((r) => { const g = m.createGzip(); const parts = []; g.on('data', (c) => parts.push(c)).on('end', () => r(m.gunzipSync(Buffer.concat(parts)).toString())); g.write('one '); g.end('two'); })
[m.constants.Z_BEST_COMPRESSION, m.codes.Z_DATA_ERROR, m.codes['-3'], m.crc32('hello')]

# process
[typeof m.version, m.versions.node.split('.')[0], m.platform, typeof m.hrtime.bigint(), m.hrtime().length, typeof m.memoryUsage().heapUsed, m.env.NOTHING, m.exitCode]
new Promise((r) => m.nextTick((a, b) => r([a, b]), 1, 2))
m.nextTick(5)
[m === process, m.emitWarning('x'), m.on === process.on, typeof m.stdout.write]

# globals
(() => { const was = Error.prepareStackTrace; Error.prepareStackTrace = (_, s) => s; const [site] = new Error('x').stack; Error.prepareStackTrace = was; return ['getThis', 'getTypeName', 'getFunctionName', 'getMethodName', 'getFileName', 'getLineNumber', 'getColumnNumber', 'getEvalOrigin', 'isToplevel', 'isEval', 'isNative', 'isConstructor', 'isAsync', 'getPromiseIndex'].filter((name) => typeof site[name] !== 'function').concat(typeof String(site)); })()
[structuredClone({ a: [1, new Date(0), /x/g, new Map([[1, new Set([2])]])], b: new Uint8Array([1, 2]) }), structuredClone(new RangeError('r')).message, structuredClone(new RangeError('r')) instanceof RangeError]
structuredClone(() => 1)
(() => { const a = {}; a.self = a; const b = structuredClone(a); return [b.self === b, b !== a]; })()
['utf-8', 'utf-16le', 'utf-16be', 'latin1', 'ascii', 'windows-1252'].map((e) => new TextDecoder(e).decode(new Uint8Array([0x80, 0x61, 0xe9, 0x00])))
new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))
new TextDecoder('klingon')
(() => { const d = new TextDecoder(); return [d.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xe2]), { stream: true }), d.decode(new Uint8Array([0x82, 0xac]), { stream: true }), d.decode()]; })()
[new TextEncoder().encode('€').toString(), new TextEncoder().encodeInto('a€', new Uint8Array(3)), new TextEncoder().encoding]
[atob('aGk='), btoa('hi'), atob(' a G k= ')]
btoa('€')
(() => { const c = new AbortController(); const seen = []; c.signal.addEventListener('abort', (e) => seen.push(e.type)); c.signal.onabort = () => seen.push('on'); c.abort(); return [seen, c.signal.aborted, c.signal.reason.name, c.signal.reason.message]; })()
AbortSignal.abort('why').throwIfAborted()
(() => { const t = new EventTarget(); const seen = []; t.addEventListener('x', (e) => { seen.push(e.type, e.cancelable, e.target === t); e.preventDefault(); }, { once: true }); return [t.dispatchEvent(new Event('x', { cancelable: true })), t.dispatchEvent(new Event('x')), seen]; })()
AbortSignal.any([AbortSignal.abort(1), new AbortController().signal]).reason
new Blob(['a', new Uint8Array([98])], { type: 'Text/Plain' }).text()
[new Blob(['abc']).size, new Blob(['abc']).slice(1, 2).size, new Blob([], { type: 'a/B' }).type, new File(['x'], 'n.txt').name]
[typeof performance.now(), performance.timeOrigin > 1e12, typeof performance.mark]
[new DOMException('m', 'AbortError').code, new DOMException('m') instanceof Error]

# tty
[m.isatty(1), m.isatty(2), typeof m.ReadStream, typeof m.WriteStream]

# diagnostics_channel
(() => { const seen = []; const c = m.channel('a'); const on = (d, n) => seen.push([d, n]); m.subscribe('a', on); c.publish({ b: 1 }); const has = [c.hasSubscribers, m.hasSubscribers('a'), m.channel('a') === c, c.name, m.unsubscribe('a', on), m.unsubscribe('a', on), c.hasSubscribers]; c.publish(2); return [seen, has]; })()
(() => { const seen = []; const t = m.tracingChannel('b'); t.subscribe({ start: (c) => seen.push(['start', c.x]), end: (c) => seen.push(['end', c.result]), error: (c) => seen.push(c.error.message) }); return [t.traceSync((a, b) => a + b, { x: 1 }, null, 2, 3), (() => { try { t.traceSync(() => { throw new Error('no'); }); } catch (e) { return e.message; } })(), seen, t.start.name]; })()
(async () => { const seen = []; const t = m.tracingChannel('c'); t.subscribe({ asyncStart: (c) => seen.push(c.result), asyncEnd: () => seen.push('end'), error: (c) => seen.push(c.error) }); return [await t.tracePromise(async (n) => n * 2, {}, null, 4), await t.tracePromise(() => Promise.reject('r')).catch((e) => e), seen]; })()
new Promise((r) => { const seen = []; const t = m.tracingChannel('d'); t.subscribe({ start: () => seen.push('start'), asyncStart: (c) => seen.push(c.result), asyncEnd: () => r(seen) }); t.traceCallback((n, cb) => cb(null, n + 1), -1, {}, null, 5, (e, n) => seen.push(['called', e, n])); })
m.channel(5)

# async_hooks
(() => { const r = new m.AsyncResource('T'); return [r.runInAsyncScope(function (a, b) { return [this.x, a, b]; }, { x: 1 }, 2, 3), r.bind((a, b) => a + b)(1, 2), m.AsyncResource.bind(function (a, b) { return [this, a]; }, 'N', 'self').length, typeof r.asyncId(), r.emitDestroy() === r]; })()
new m.AsyncResource(5)
