// As inspect_corpus.js; these need to know what only the engine knows: a promise's state, a Proxy's target.

// promises
log(new Promise(() => {}))
log([Promise.resolve(1), Promise.resolve({ a: { b: { c: {} } } })])
log(Promise.resolve())
{ const p = Promise.reject(3); p.catch(() => {}); log(p) }
log(Object.assign(Promise.resolve('x'), { extra: 1 }))
log((async () => 5)())
log((async () => { await 1 })())
log(new (class Mine extends Promise {})(() => {}))
log({ a: { b: { c: Promise.resolve(1) } } })

{ const m = Object.create(Promise.prototype); log(m) }

// proxies
log(new Proxy({ a: 1 }, {}))
log(new Proxy([1, 2, 3], {}))
log(new Proxy({ a: 1 }, { get() { throw new Error('trap') }, ownKeys() { throw new Error('trap') } }))
log(new Proxy({ a: 1 }, { get: () => 5, getOwnPropertyDescriptor: () => ({ value: 6, configurable: true, enumerable: true }) }))
log(new Proxy(function f() {}, {}))
log(new Proxy(class A {}, { apply() { throw new Error('trap') } }))
log(new Proxy(new Map([[1, 2]]), {}), new Proxy(new Date(0), {}))
log(new Proxy(new Proxy({ deep: 1 }, {}), {}))
{ const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); log(proxy) }
{ const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); log('%s', [proxy]) }
dir(new Proxy({ a: 1 }, { get() {} }), { showProxy: true })
dir([new Proxy([1], {})], { showProxy: true, depth: 0 })
log('%o', new Proxy({ a: 1 }, {}))
log('%s', new Proxy({ a: 1 }, {}))
