const { z } = require('zod');
module.exports = () => {
  const User = z.object({
    name: z.string().trim().min(2),
    email: z.email(),
    age: z.coerce.number().int().positive().optional(),
    roles: z.array(z.enum(['admin', 'user'])).nonempty().default(['user']),
    at: z.union([z.literal('home'), z.object({ city: z.string() })]).nullable(),
    meta: z.record(z.string(), z.unknown()),
  }).strict().refine((user) => user.name !== 'root', { message: 'no root' }).transform((user) => ({ ...user, id: user.email.toLowerCase() }));
  const good = User.parse({ name: ' Ann ', email: 'Ann@example.com', age: '42', at: { city: 'Bern' }, meta: { a: [1] } });
  const bad = User.safeParse({ name: 'A', email: 'x', age: -1, roles: [], at: 'work', extra: 1 });
  return [good, bad.success, bad.error.issues.map((issue) => [issue.code, issue.path, issue.message]), z.prettifyError(bad.error), z.toJSONSchema(z.object({ a: z.string(), b: z.number().optional() }))];
};
