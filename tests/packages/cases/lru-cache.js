const { LRUCache } = require('lru-cache');
module.exports = async () => {
  const gone = [];
  const cache = new LRUCache({ max: 3, dispose: (value, key, reason) => gone.push([key, value, reason]), fetchMethod: async (key) => `made ${key}` });
  for (const key of ['a', 'b', 'c']) cache.set(key, key.toUpperCase());
  cache.get('a');
  cache.set('d', 'D');
  const fetched = await cache.fetch('e');
  const sized = new LRUCache({ maxSize: 10, sizeCalculation: (value) => value.length });
  sized.set('x', 'abcdef');
  sized.set('y', 'abcdef');
  return [gone, fetched, [...cache.entries()], cache.size, cache.has('b'), sized.calculatedSize, [...sized.keys()], cache.dump().map(([key]) => key)];
};
