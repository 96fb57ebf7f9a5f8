const { BehaviorSubject, Subject, concat, forkJoin, from, lastValueFrom, of, throwError, timer } = require('rxjs');
const { bufferCount, catchError, debounceTime, filter, map, mergeMap, reduce, retry, scan, switchMap, take, toArray } = require('rxjs/operators');
module.exports = async () => {
  const seen = [];
  const subject = new BehaviorSubject(0);
  subject.pipe(filter((n) => n % 2 === 0), scan((sum, n) => sum + n, 0)).subscribe({ next: (n) => seen.push(n), complete: () => seen.push('done') });
  for (const n of [1, 2, 3, 4]) subject.next(n);
  subject.complete();
  let tries = 0;
  const keys = new Subject();
  const typed = lastValueFrom(keys.pipe(debounceTime(2), take(1)));
  keys.next('a');
  keys.next('ab');
  return [
    seen,
    await lastValueFrom(from([1, 2, 3]).pipe(mergeMap((n) => of(n, n * 10)), toArray())),
    await lastValueFrom(forkJoin({ a: of(1), b: Promise.resolve(2), c: timer(1).pipe(map(() => 3)) })),
    await lastValueFrom(throwError(() => new Error('no')).pipe(catchError((error) => of(error.message)))),
    await lastValueFrom(of(0).pipe(switchMap(() => { if (++tries < 3) throw new Error('again'); return of(tries); }), retry(5))),
    await lastValueFrom(concat(of(1, 2), of(3)).pipe(bufferCount(2), reduce((all, part) => [...all, part], []))),
    await typed,
  ];
};
