const { applyPatches, createDraft, current, enableMapSet, enablePatches, finishDraft, isDraft, produce, produceWithPatches } = require('immer');
enablePatches();
enableMapSet();
module.exports = () => {
  const base = { users: [{ n: 'ann' }], at: { a: 1 }, seen: new Set([1]), by: new Map([['k', { v: 1 }]]) };
  const next = produce(base, (draft) => {
    draft.users.push({ n: 'bob' });
    draft.users[0].n = 'Ann';
    draft.seen.add(2);
    draft.by.get('k').v = 5;
  });
  const [changed, patches, inverse] = produceWithPatches({ list: [1, 2, 3], o: { x: 1 } }, (draft) => { draft.list.splice(1, 1); delete draft.o.x; });
  const draft = createDraft({ a: { b: 1 } });
  draft.a.b = 2;
  const seen = [isDraft(draft), current(draft)];
  return [base.users, next.users, next.at === base.at, [...next.seen], next.by.get('k'), base.by.get('k'), changed, patches, applyPatches(changed, inverse), seen, finishDraft(draft), Object.isFrozen(next), produce(base, () => {}) === base];
};
