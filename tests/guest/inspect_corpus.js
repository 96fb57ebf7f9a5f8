// One case per line: statements that call log(...), as console.log, or dir(value, options), as console.dir, once.
// test_inspect.py runs each line in Node and in the guest and compares what is printed.

// format
log()
log('')
log('plain')
log('a', 'b', 'c')
log('a\nb', { a: 'a\nb' })
log(1, '2', 3n, true, null, undefined)
log('%s is %d years', 'Bob', 42, 'extra', { a: 1 })
log('%s')
log('%s', undefined)
log('%s %s', 'one')
log('%s', null, null)
log('%s %s %s %s', 1, -0, 10n, Symbol('s'))
log('%s', { a: { b: { c: 1 } } })
log('%s', [1, [2, [3]]])
log('%s', { toString() { return 'own' } })
log('%s', new (class Foo { toString() { return 'class' } })())
log('%s', new (class Foo { constructor() { this.a = 1 } })())
log('%s', new (class Foo extends Map { toString() { return 'sub' } })())
log('%s', new (class Foo extends Map {})())
log('%s', new (class Foo { [Symbol.toPrimitive]() { return 'primitive' } })())
log('%s', Object.create(null))
log('%s', Object.create({ toString() { return 'inherited' } }))
log('%s', new Date(0).getTime() === 0 ? 'date' : '')
log('%s', () => 5)
log('%s', function named() { return 1 })
log('%s', class A {})
log('%s', new Error('message only').message)
log('%s', Object(1), Object('x'))
log('%s', [])
log('%s', {})
log('%s', [undefined, null, 'x'])
log('%s', new Map([[1, 2]]))
log('%s', /re/g)
log('%d', '42')
log('%d', 'x')
log('%d', 42.5)
log('%d', -0)
log('%d', 9007199254740993n)
log('%d', Symbol('x'))
log('%d', {})
log('%d', [7])
log('%d', null)
log('%d', undefined)
log('%d', '')
log('%d', '0x10')
log('%i', '42.9')
log('%i', 42.9)
log('%i', 'abc')
log('%i', 5n)
log('%i', Symbol('x'))
log('%i', {})
log('%i', -0.5)
log('%f', '1.50')
log('%f', 1.5)
log('%f', 'x')
log('%f', Symbol('x'))
log('%f', 3n)
log('%f', {})
log('%j', { a: [1, { b: 2 }], c: 'x' })
log('%j', undefined)
log('%j', () => 1)
log('%j', 'text')
log('%j', { toJSON() { return 'mine' } })
{ const a = {}; a.a = a; log('%j', a) }
log('%j', 1n === 1n)
log('%O', { a: { b: { c: { d: { e: 1 } } } } })
log('%O', 'text', [1])
log('%o', { a: { b: { c: { d: { e: { f: 1 } } } } } })
log('%o', [1, 2, 3])
log('%o', 'text')
log('%o', { a: 1, [Symbol('s')]: 2 })
log('%o', 42)
log('%o', new Map([['a', { b: 1 }]]))
log('%o', new Set(['a', 'b']))
log('%c styled', 'color: red')
log('%cone%ctwo', 'a', 'b', 'c')
log('%c', 'a')
log('100%')
log('100%', 1)
log('%% %s', 1)
log('%%')
log('%%', 1)
log('%%%s%%', 'x')
log('%x %s', 1)
log('%', 1)
log('%s%', 1)
log('%s%s', 'a')
log('a%sb%sc', 1, 2, 3)
log('%S %D', 1, 2)
log(5, '%s', 'x')
log({ a: 1 }, '%s', 'x')
log('%s', 'a'.repeat(200))
log('%s', true)
log('%s', -1.5)
log('x', Symbol('y'))
log('%s %o %O %j %d %i %f %c %%', 's', 'o', 'O', 'j', 1, 2, 3, 'c')
log('tail', ['a'], 'b', { c: 'd' })

// strings
log(['plain', "it's", 'say "hi"', `it's "both"`, 'it\'s "all" `three`'])
log(["'${x}' \"", "`'"])
log(['\n', '\t', '\b', '\f', '\r', '\v', '\0', '\x1b', '\x7f', '\x80', '\x9f', '\xa0'])
log(['\\', '\\n', 'a\\b'])
log(['\ud83d', '\ude00', '\ud83d\ude00', 'a\ud83db', '\ude00\ud83d'])
log(['é', '中文', '\u2028', '\ufeff', '👩‍👩‍👧'])
log({ s: 'a\'b"c`d' })
log(['a'.repeat(100)])
log({ a: 'line one\nline two\nline three is a bit longer than the others are', b: 1 })
log(['short\nlines'])
log(['x'.repeat(40) + '\n' + 'y'.repeat(40)])
log({ deep: { deeper: 'x'.repeat(40) + '\n' + 'y'.repeat(40) + '\n' } })
dir('top ' + 'x'.repeat(90) + '\nsecond line')
dir('x'.repeat(10050))
dir('x'.repeat(30), { maxStringLength: 10 })
dir('x'.repeat(11), { maxStringLength: 10 })
dir({ a: 'x'.repeat(30) }, { maxStringLength: 0 })
dir({ a: 'x'.repeat(10010) }, { maxStringLength: null })
log({ 'a-b': 1, 'a b': 2, a_b: 3, $a: 4, 1: 5, '1a': 6, "it's": 7, '': 8, é: 9, _: 10 })
log({ 'new\nline': 1 })

// numbers and other primitives
log([0, -0, 1.5, -1.5, NaN, Infinity, -Infinity, 1e21, 1e-7, 123456789012345680000])
log(-0)
log([1n, -1n, 0n, 123456789012345678901234567890n])
log([true, false, null, undefined])
log([Symbol(), Symbol(''), Symbol('a'), Symbol.iterator, Symbol.for('x y'), Symbol("it's\n")])
dir(123456789.12345678, { numericSeparator: true })
dir([1000, 999, -1234567, 1234.5678, 0.12345, 1e21, NaN, Infinity, -999, -1000], { numericSeparator: true })
dir([1000n, 123456789n, -1234n], { numericSeparator: true })
dir([1.0001, 123456.123456, 0.1], { numericSeparator: true })

// arrays
log([])
log([1])
log([1, 2, 3])
log([[]])
log([[[]]])
log([[[[]]]])
log([[[[1]]]])
log([[[{}]]])
log([[[{ a: 1 }]]])
log([,])
log([, ,])
log([1, , 3])
log([1, , , 4, ,])
log(new Array(5))
log(new Array(1000))
{ const a = [1, 2]; a[10] = 3; log(a) }
{ const a = []; a[5] = 1; a.x = 2; log(a) }
{ const a = []; a[4294967294] = 1; a[4294967295] = 2; log(a) }
{ const a = []; a[200] = 1; a[400] = 1; log(a) }
{ const a = new Array(150); for (let i = 0; i < 150; i += 2) a[i] = i; log(a) }
{ const a = [1, 2, 3]; a.name = 'x'; a[-1] = 'y'; a['01'] = 'z'; log(a) }
{ const a = [1]; a[Symbol('s')] = 1; log(a) }
{ const a = [1, 2]; Object.defineProperty(a, 'hidden', { value: 1 }); log(a) }
{ const a = [1, 2]; Object.defineProperty(a, 1, { get() { return 5 }, enumerable: true }); log(a) }
log(Array.from({ length: 100 }, (_, i) => i))
log(Array.from({ length: 101 }, (_, i) => i))
log(Array.from({ length: 102 }, (_, i) => i))
log(Array.from({ length: 250 }, (_, i) => 'item ' + i))
log(Array.from({ length: 7 }, (_, i) => i))
log(Array.from({ length: 6 }, (_, i) => i))
log(Array.from({ length: 10 }, (_, i) => i * 1000))
log(Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i)))
log(Array.from({ length: 27 }, (_, i) => 'x'.repeat(i)))
log(Array.from({ length: 30 }, (_, i) => 'x'.repeat(i % 7)))
log(Array.from({ length: 12 }, (_, i) => (i % 2 ? i : String(i))))
log(Array.from({ length: 20 }, (_, i) => ({ i })))
log(Array.from({ length: 8 }, (_, i) => [i, i + 1]))
log(Array.from({ length: 9 }, (_, i) => i * 1.123456789))
log(Array.from({ length: 17 }, (_, i) => BigInt(i) ** 10n))
log(Array.from({ length: 10 }, () => true))
log(Array.from({ length: 10 }, () => undefined))
log(Array.from({ length: 10 }, () => null))
log(Array.from({ length: 12 }, (_, i) => '中'.repeat(i % 4)))
log(Array.from({ length: 12 }, (_, i) => 'é'.repeat(i % 4)))
log(Array.from({ length: 16 }, (_, i) => '😀'.repeat(i % 3)))
log(Array.from({ length: 12 }, (_, i) => 'e\u0301'.repeat(i % 4)))
log({ a: Array.from({ length: 30 }, (_, i) => i) })
log({ a: { b: Array.from({ length: 30 }, (_, i) => 'item' + i) } })
log([Array.from({ length: 30 }, (_, i) => i * i), Array.from({ length: 7 }, (_, i) => -i)])
log(['aaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbb', 'cccccccccccccccccccc'])
log(['aaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbb', 'cccccccccccccccccccccc', 'd'])
log(Array.from({ length: 7 }, (_, i) => 'scope:' + 'x'.repeat(30)))
log(['read:users', 'write:users', 'delete:users', 'read:clients', 'write:clients', 'delete:clients', 'openid', 'profile', 'email'])
{ const a = Array.from({ length: 10 }, (_, i) => i); a.extra = 'key'; log(a) }
{ const a = Array.from({ length: 110 }, (_, i) => i); a.extra = 'key'; log(a) }
log(new (class Mine extends Array {})(3))
log(new (class Mine extends Array {})())
log((class Mine extends Array {}).from([1, 2]))
log(Object.setPrototypeOf([1, 2], null))
log(Object.setPrototypeOf([], null))
log(Object.assign([1], { [Symbol.toStringTag]: 'Tagged' }))
dir([1, 2, 3, 4, 5], { maxArrayLength: 2 })
dir([1, 2, 3], { maxArrayLength: 2 })
dir([1, 2, 3], { maxArrayLength: 0 })
dir([1, 2, 3], { maxArrayLength: -5 })
dir([, , 1, , 2], { maxArrayLength: 3 })
dir([, , 1, , 2], { maxArrayLength: 1 })
dir(Array.from({ length: 120 }, (_, i) => i), { maxArrayLength: null })
dir(Array.from({ length: 120 }, (_, i) => i), { maxArrayLength: Infinity, breakLength: 40 })
dir(new Set([1, 2, 3, 4]), { maxArrayLength: 2 })
dir(new Map([[1, 2], [3, 4], [5, 6]]), { maxArrayLength: 1 })
dir(new Uint8Array(5), { maxArrayLength: 2 })
dir([1, 2, 3], { showHidden: true })

// objects
log({})
log({ a: 1 })
log({ a: { b: { c: {} } } })
log({ a: { b: { c: { d: 1 } } } })
log({ a: { b: { c: [] } } })
log({ a: { b: { c: [1] } } })
log({ a: { b: { c: new Map() } } })
log({ a: { b: { c: new Map([[1, 2]]), d: new Set([1]), e: new Date(0), f: /x/, g() {}, h: new (class Foo { constructor() { this.x = 1 } })() } } })
log({ a: { b: { c: Object.create(null, { x: { value: 1, enumerable: true } }) } } })
log({ a: 'aaaaaaaaaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbbbbbbbbbbb', c: 'ccccccccc' })
log({ a: 'aaaaaaaaaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbbbbbbbbbbb', c: 'cccccccccc' })
log({ a: 'aaaaaaaaaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbbbbbbbbbbb', c: 'ccccccccccc' })
log({ a: 'aaaaaaaaaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbbbbbbbbbbb', c: 'cccccccccccc' })
log({ a: 'aaaaaaaaaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbbbbbbbbbbb', c: 'ccccccccccccccccccccc' })
log({ a: { b: 1 }, c: { d: { e: 2 } } })
log({ a: { b: { c: 1 } }, z: 1 })
log({ a: [{ b: { c: {} } }] })
log({ a: { b: { c: {} } }, d: { e: { f: 'x'.repeat(50) } } })
log({ user: { user_id: 'auth0|1', email: 'a@example.com', app_metadata: { roles: ['admin', 'user'], plan: { name: 'pro' } } } })
log({ client: { id: 'abc', name: 'My app', metadata: {} }, scope: ['read:x', 'write:x'], audience: 'https://api.example.com/', context: { ip: '127.0.0.1' } })
log({ undefined: undefined, null: null, f: () => {}, s: Symbol('x') })
log({ [Symbol('key')]: 1, [Symbol()]: 2, [Symbol("it's")]: 3 })
log({ ['__proto__']: 1 })
log({ get a() { return 1 } })
log({ set a(v) {} })
log({ get a() { return 1 }, set a(v) {} })
log({ get a() { throw new Error('x') } })
dir({ get a() { return 1 }, get b() { return { c: 1 } }, get n() { return null }, get s() { return 'text' } }, { getters: true })
dir({ get a() { throw new Error('bad') } }, { getters: true })
dir({ get a() { return 1 }, set a(v) {}, get b() { return 2 }, set c(v) {} }, { getters: 'get' })
dir({ get a() { return 1 }, set a(v) {}, get b() { return 2 }, set c(v) {} }, { getters: 'set' })
dir({ get a() { return [() => 1] } }, { getters: true })
dir(new Map(), { showHidden: true })
dir([], { showHidden: true })
dir(new Set(), { showHidden: true })
log(Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false }))
dir(Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false }), { showHidden: true })
dir({ a: Object.defineProperty({}, Symbol('s'), { value: 2 }) }, { showHidden: true })
dir({}, { showHidden: true })
dir({ c: 1, a: 2, b: { z: 1, y: 2 } }, { sorted: true })
dir({ c: 1, a: 2, b: 3 }, { sorted: (a, b) => (a < b ? 1 : -1) })
dir(new Set([3, 1, 2]), { sorted: true })
dir(new Map([['b', 1], ['a', 2]]), { sorted: true })
dir(Object.assign([3, 1, 2], { z: 1, b: 2 }), { sorted: true })
dir({ a: { b: { c: { d: {} } } } }, { depth: 0 })
dir({ a: { b: { c: { d: {} } } } }, { depth: 1 })
dir({ a: { b: { c: { d: {} } } } }, { depth: -1 })
dir({ a: { b: { c: { d: { e: { f: 1 } } } } } }, { depth: null })
dir({ a: { b: { c: { d: { e: { f: 1 } } } } } }, { depth: Infinity })
dir({ a: { b: { c: { d: { e: { f: 1 } } } } } }, { depth: undefined })
dir([[[[[[]]]]]], { depth: 3 })
dir({ a: 1, b: 'x', c: [1, 2, 3] }, { compact: false })
dir({ a: 1, b: 'x', c: [1, 2, { d: 1 }] }, { compact: true })
dir({ a: 1, b: 'x'.repeat(80), c: [1, 2, { d: 'y'.repeat(80) }], e: new Set(['z'.repeat(80)]) }, { compact: true })
dir({ a: { b: { c: 1 } } }, { compact: 1 })
dir({ a: { b: { c: 1 } } }, { compact: 0 })
dir({ a: { b: { c: 1 } } }, { compact: 2 })
dir({ a: { b: { c: { d: 1 } } } }, { compact: 10, depth: 9 })
dir(Array.from({ length: 30 }, (_, i) => i), { compact: 1 })
dir(Array.from({ length: 30 }, (_, i) => i), { compact: false })
dir({ a: 'aaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbbbb', c: 'cccccccccccc', d: 'ddddddddddd' }, { breakLength: 120 })
dir({ a: 'aaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbbbb' }, { breakLength: 20 })
dir({ a: 'aaaaaaaaaaaaaaaa', b: { c: 'x' } }, { breakLength: Infinity })
dir({ a: 1, b: 2 }, { breakLength: 1 })
dir({ a: { b: 1 } }, { colors: false, depth: 0, unknownOption: 5 })
dir({ a: 1 }, undefined)
dir({ a: 1 }, null)
log(Object.create(null))
log(Object.assign(Object.create(null), { a: 1, b: { c: 2 } }))
log(Object.create({}))
log(Object.create({ inherited: 1 }))
log(Object.create(Object.create(null)))
log(Object.create(Array.prototype))
log({ constructor: 'Bar' })
log({ constructor: function Foo() {} })
log({ constructor: null, a: 1 })
log({ toString: null, valueOf: 1 })
log({ hasOwnProperty: 1 })
log({ length: 3, 0: 'a' })
log({ then: 1 })
log({ stack: 'x', message: 'y', name: 'Error' })
log({ [Symbol.toStringTag]: 'Own' })
log({ get [Symbol.toStringTag]() { return 'Getter' } })
log(Object.create({ get [Symbol.toStringTag]() { return 'Inherited' } }))
log(new (class A { get [Symbol.toStringTag]() { return 'Tag' } })())
log(new (class A { get [Symbol.toStringTag]() { return 'A' } })())
log(new (class A { get [Symbol.toStringTag]() { return '' } constructor() { this.x = 1 } })())
log(new (class A { get [Symbol.toStringTag]() { return 5 } })())
log(Math, JSON, Reflect)
log(Object.freeze({ a: 1 }), Object.seal([1]))
log(Array.from({ length: 3 }, (_, i) => Object.fromEntries(Array.from({ length: 5 }, (_, j) => ['key' + j, 'value ' + i * j]))))
log(Object.fromEntries(Array.from({ length: 120 }, (_, j) => ['key' + j, j])))
log({ exports: {}, id: '.', path: '/', loaded: false, children: [], paths: ['/node_modules'] })
log([{ a: 1, b: 2 }, { a: 3, b: 4 }], { c: [[1, 2], [3, 4]] })
{ let deep = {}; for (let i = 0; i < 20; i++) deep = { deep }; dir(deep, { depth: 30 }) }

// circular
{ const a = {}; a.self = a; log(a) }
{ const a = []; a.push(a); log(a) }
{ const a = { b: {} }; a.b.a = a; log(a) }
{ const a = { b: {} }; a.b.a = a; a.b.b = a.b; log(a) }
{ const a = { x: 1 }; log([a, a]) }
{ const m = new Map(); m.set('me', m); log(m) }
{ const m = new Map(); m.set(m, 1); log(m) }
{ const s = new Set(); s.add(s); log(s) }
{ function f() {} f.me = f; log(f) }
{ const a = { name: 'parent', children: [] }; a.children.push({ name: 'child', parent: a }); log(a) }
{ class Node { constructor() { this.next = this } } log(new Node()) }
{ const a = {}; a.self = a; dir(a, { compact: true }) }
{ const a = {}; a.self = a; log({ a, b: a }) }
{ const a = {}; a.a = [a, { a }]; log(a, a) }

// classes and functions
log(new (class Foo {})())
log(new (class Foo { constructor() { this.a = 1; this.b = 'x' } })())
log(new (class Foo { #secret = 1; open = 2; static s = 3; method() {} })())
log(new (class Bar extends (class Foo {}) {})())
log(new (class {})())
log(new (class { a = 1 })())
log(new (function Legacy() { this.a = 1 })())
log(Object.create((class Foo {}).prototype))
log((class Foo { a() {} }).prototype)
log((class Bar extends (class Foo {}) {}).prototype)
{ class Foo { get x() { return 1 } m() {} } dir(new Foo(), { showHidden: true }) }
{ class Foo { get x() { return 1 } } class Bar extends Foo { get y() { return 2 } } const b = new Bar(); b.own = 1; dir(b, { showHidden: true }) }
log(class {})
log(class A {})
log(class A extends Object {})
log(class A extends (class B {}) {})
log(class A extends null {})
log(class extends (class B {}) {})
log(class A { static x = 1; static y() {} })
log(class A { static name = 'renamed' })
log(class A { static name = 5 })
log(class A { static [Symbol.toStringTag] = 'T' })
log(Object.setPrototypeOf(class A {}, null))
log(() => {})
log([() => {}])
log({ f: () => {}, g() {}, async h() {}, *i() {}, async *j() {}, async k() {} })
log(function () {})
log(function named() {})
log(async () => {})
log(async function a() {})
log(function* g() {})
log(async function* ag() {})
log(Math.max, Object, Array.prototype.map, Symbol, Promise)
log(function f() {}.bind(null))
log((class A {}).bind)
log(Object.assign(function f() {}, { a: 1, b: { c: 2 } }))
log(Object.assign(() => {}, { [Symbol('s')]: 1 }))
log(Object.setPrototypeOf(function f() {}, null))
log(Object.setPrototypeOf(function () {}, null))
log(Object.defineProperty(function f() {}, 'name', { value: 'other' }))
log(Object.defineProperty(function f() {}, 'name', { value: '' }))
log(Object.defineProperty(() => {}, 'name', { value: 5 }))
log(Object.defineProperty(function f() {}, Symbol.toStringTag, { value: 'Tagged' }))
log(new (class Fn extends Function {})())
log({ ['computed key']: () => {}, [Symbol('sym')]: () => {} })
log(Object.getOwnPropertyDescriptor({ get a() { return 1 } }, 'a'))
log(Object.getOwnPropertyDescriptor({ a: 1 }, 'a'))
(function () { log(arguments) })()
(function () { log(arguments) })(1, 'a', { b: 2 })
(function () { 'use strict'; log(arguments) })(1, [2])
(function () { arguments.x = 1; log([arguments]) })(1)
(function () { log({ a: { b: { c: arguments } } }) })(1)

// errors; a stack is set where it is shown, for the engines' own differ
{ const e = new Error('bad'); e.stack = 'Error: bad\n    at f (hook.js:1:2)\n    at g (hook.js:3:4)'; log(e) }
{ const e = new TypeError('bad'); e.stack = 'TypeError: bad\n    at f (hook.js:1:2)'; log({ e }) }
{ const e = new Error('bad'); e.stack = 'Error: bad\n    at f (hook.js:1:2)'; log([e, { e }]) }
{ const e = new Error('bad'); e.stack = 'Error: bad\n    at f (hook.js:1:2)'; e.code = 'E_BAD'; e.status = 400; log(e) }
{ const e = new Error('bad'); Object.defineProperty(e, 'stack', { value: undefined }); log(e) }
{ const e = new Error('bad'); e.stack = ''; log({ e }) }
{ const e = new Error('bad'); e.stack = 'just text'; log(e) }
{ const e = new Error(''); e.stack = 'Error\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('two\nlines'); e.stack = 'Error: two\nlines\n    at f (hook.js:1:2)'; log({ a: { e } }) }
{ const e = new Error('no stack'); e.stack = 'Error: no stack'; log(e, [e]) }
{ class MyError extends Error {} const e = new MyError('m'); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ class MyError extends Error {} const e = new MyError('m'); e.stack = 'Error: m'; log(e) }
{ class Failure extends TypeError {} const e = new Failure('m'); e.stack = 'TypeError: m\n    at f (hook.js:1:2)'; log(e) }
{ class MyError extends Error { constructor(m) { super(m); this.name = 'MyError' } } const e = new MyError('m'); e.stack = 'MyError: m\n    at f (hook.js:1:2)'; log(e) }
{ class MyError extends Error { constructor(m) { super(m); this.name = 'MyError' } } const e = new MyError('m'); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m'); e.name = 'CustomName'; e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m'); e.name = 'TypeError'; e.stack = 'TypeError: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m'); e.name = null; e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m'); e.name = { a: 1 }; e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m'); e.message = 'changed'; e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m'); Object.defineProperty(e, 'message', { value: 'shown', enumerable: true }); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const c = new Error('cause'); c.stack = 'Error: cause\n    at c (hook.js:9:9)'; const e = new Error('m', { cause: c }); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const f = '\n    at a (1)\n    at b (2)\n    at c (3)\n    at d (4)\n    at e (5)\n    at f (6)'; const c = new Error('cause'); c.stack = 'Error: cause\n    at z (0)' + f; const e = new Error('m', { cause: c }); e.stack = 'Error: m' + f; log(e) }
{ const f = '\n    at a (1)\n    at b (2)\n    at c (3)'; const c = new Error('cause'); c.stack = 'Error: cause\n    at z (0)' + f; const e = new Error('m', { cause: c }); e.stack = 'Error: m' + f; log(e) }
{ const e = new Error('m', { cause: 'text' }); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m', { cause: undefined }); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m', { cause: { code: 1, deep: { a: { b: {} } } } }); e.stack = 'Error: m'; log(e) }
{ const e = new Error('m'); e.cause = 'enumerable'; e.stack = 'Error: m'; log(e) }
{ const e = new Error('m'); e.stack = 'Error: m'; e.cause = e; log(e) }
{ const i = new Error('inner'); i.stack = 'Error: inner\n    at f (hook.js:1:2)'; const e = new AggregateError([i, 'text'], 'several'); e.stack = 'AggregateError: several\n    at g (hook.js:3:4)'; log(e) }
{ const e = new AggregateError([]); e.stack = 'AggregateError'; log(e) }
{ const e = new Error('deep'); e.stack = 'Error: deep\n    at f (hook.js:1:2)'; log({ a: { b: { c: { e } } }, x: { y: { e } } }) }
{ const e = new Error('deep'); e.stack = 'Error: deep\n    at f (hook.js:1:2)'; e.info = { a: { b: { c: 1 } } }; log({ a: { b: { e } } }) }
{ const e = Object.setPrototypeOf(new Error('m'), null); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new RangeError('m'); e.stack = 'RangeError: m\n    at f (hook.js:1:2)'; e[Symbol.toStringTag] = 'T'; log(e) }
{ const e = new Error('m'); Object.defineProperty(e, Symbol.toStringTag, { value: 'Tag' }); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log(e) }
{ const e = new Error('m'); Object.defineProperty(e, 'stack', { value: { not: 'text' } }); log(e) }
{ const e = new Error('m'); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log('failed:', e, 'end') }
{ const e = new Error('m'); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log('%s', e) }
{ const e = new Error('m'); e.stack = 'Error: m\n    at f (hook.js:1:2)'; log('%O', e) }
{ class MyError extends Error { toString() { return 'mine' } } log('%s', new MyError('m')) }
log(Object.create(Error.prototype))
log(Error.prototype.name, Error.prototype.message)
log({ __proto__: { __proto__: Error.prototype, name: 'Fake' }, message: 'm' })

// collections
log(new Map())
log(new Map([[1, 'a'], ['b', { c: 1 }], [{ k: 1 }, [1, 2]]]))
log(new Map([['a', new Map([['b', new Map([['c', new Map([['d', 1]])]])]])]]))
log(new Map(Array.from({ length: 120 }, (_, i) => [i, i])))
log(new Map([['x'.repeat(40), 'y'.repeat(40)]]))
log(Object.assign(new Map([[1, 2]]), { extra: true }))
log(new (class MyMap extends Map {})([[1, 2]]))
log(Object.setPrototypeOf(new Map([[1, 2]]), null))
log(new Set())
log(new Set([1, 'a', { b: 1 }, [1]]))
log(new Set(Array.from({ length: 120 }, (_, i) => i)))
log(new Set(Array.from({ length: 20 }, (_, i) => i)))
log(Object.assign(new Set([1]), { extra: true }))
log(new (class MySet extends Set {})([1]))
log(Object.setPrototypeOf(new Set([1]), null))
log(Object.create(Map.prototype) instanceof Map)
log(new WeakMap(), new WeakSet())
log(new WeakMap([[{}, 1]]))
log(Object.assign(new WeakSet(), { a: 1 }))
log(new WeakRef({ a: 1 }))
log([1][Symbol.iterator](), 'a'[Symbol.iterator]())
log((function* g() {})())
log((async function* g() {})())
dir(new Map([[1, { a: { b: {} } }]]), { depth: 0 })
dir(new Map([[{ a: { b: {} } }, { a: { b: {} } }]]), { depth: 1 })
dir(new Map([[1, 2]]), { showHidden: true })
dir(new Set([1, 2]), { showHidden: true })
dir(new Map([['a', 'x'.repeat(80)]]), { compact: false })

// dates, expressions, boxes, buffers
log(new Date(0))
log([new Date(1e12), new Date(NaN)])
log(new Date(NaN))
log(new Date(8.64e15), new Date(-1))
log(Object.assign(new Date(0), { a: 1 }))
log(new (class MyDate extends Date {})(0))
log(Object.setPrototypeOf(new Date(0), null))
log(/a/, /b/gi, [/c\/d/u], new RegExp(''))
log(Object.assign(/a/g, { x: 1 }))
log(new (class MyRegExp extends RegExp {})('a', 'g'))
log(Object.setPrototypeOf(/a/, null))
log('a1b2'.match(/\d/), 'ab'.match(/(?<first>a)(b)/), 'a1b2'.match(/\d/g))
log(Object(1), Object('str'), Object(true), Object(1n), Object(Symbol('s')))
log(Object(-0), Object(''), Object("it's"))
log(Object.assign(Object('str'), { a: 1 }))
log(Object.assign(Object(5), { a: 1 }))
log(new (class MyNumber extends Number {})(5))
log(new (class MyString extends String {})('s'))
log(Object.setPrototypeOf(Object(5), null))
log(Object.setPrototypeOf(Object('abc'), null))
dir(Object('abc'), { showHidden: true })
log(new Uint8Array(), new Uint8Array([1, 2, 3]))
log(new Float64Array([1.5, -0, NaN]), new BigInt64Array([1n, -1n]))
log(new Uint8ClampedArray(3), new Int16Array(2), new Uint32Array([4294967295]))
log(new Uint8Array(200))
log(Object.assign(new Uint8Array(2), { a: 1 }))
log(new (class MyBytes extends Uint8Array {})(2))
log(Object.setPrototypeOf(new Uint8Array([1]), null))
dir(new Uint8Array([1, 2]), { showHidden: true })
log(new ArrayBuffer(4))
log(new ArrayBuffer(0))
log(new Uint8Array([1, 2, 255]).buffer)
log(new ArrayBuffer(120))
dir(new ArrayBuffer(10), { maxArrayLength: 4 })
log(Object.assign(new ArrayBuffer(1), { a: 1 }))
log(new SharedArrayBuffer(2))
log(new DataView(new ArrayBuffer(4), 1, 2))
log({ a: { b: { c: new ArrayBuffer(1), d: new Uint8Array(1), e: new DataView(new ArrayBuffer(1)) } } })

// custom inspection
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom]() { return 'custom text' } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log([{ [custom]() { return 'custom\ntext' } }]) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ a: { [custom]() { return { b: 1, c: { d: { e: 1 } } } } } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom](depth) { return `depth ${depth}` } }, [[{ [custom](depth) { return `depth ${depth}` } }]]) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ a: 1, [custom]() { return this } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom]() { return 5 } }, { [custom]() { return null } }, { [custom]() { return undefined } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom](depth, options, inspect) { return inspect({ x: { y: { z: {} } } }, { ...options, depth: 0 }) } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom](depth, options) { return Object.keys(options).sort().join() } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom](depth, options) { return options.stylize('x', 'special') + typeof options.depth } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom]: 'not a function' }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); class Money { constructor(n) { this.n = n } [custom]() { return `$${this.n}` } } log(new Money(5), [new Money(6)], Money.prototype) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log({ [custom]() { throw new Error('custom') } }) }
{ const custom = Symbol.for('nodejs.util.inspect.custom'); log('%s|%O|%o', { [custom]() { return 'C' } }, { [custom]() { return 'C' } }, { [custom]() { return 'C' } }) }
log({ inspect() { return 'old way' } })

// hostile values
log({ get [Symbol.toStringTag]() { throw new Error('tag') } } === null)
log({ toString() { throw new Error('no') }, valueOf() { throw new Error('no') } })
log({ [Symbol.toPrimitive]() { throw new Error('no') } })
log(Object.create(null, { constructor: { get() { throw new Error('no') } } }))
log(Object.defineProperty({}, 'constructor', { value: Object.defineProperty(function F() {}, Symbol.hasInstance, { value() { throw new Error('no') } }) }))
log('%d', { valueOf() { throw new Error('no') } })
log('%s', { toString() { throw new Error('no') } })
log('%j', { toJSON() { throw new Error('no') } })
log('%j', { n: 1n })
{ const a = []; a.length = 4294967295; log(a) }
{ const m = Object.assign(Object.create(Map.prototype), { a: 1 }); log(m) }
{ const m = Object.create(Set.prototype); log(m) }
{ const m = Object.create(Date.prototype); log(m) }
{ const m = Object.create(RegExp.prototype); log(m) }
{ const m = Object.create(Uint8Array.prototype); log(m) }
{ const m = Object.create(Number.prototype); log(m) }
log(Map.prototype, Set.prototype, Date.prototype, Promise.prototype)
log(RegExp.prototype, Number.prototype, String.prototype, Array.prototype)
log(Symbol.prototype, Object.prototype, BigInt.prototype, WeakMap.prototype, ArrayBuffer.prototype)
