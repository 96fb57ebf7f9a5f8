const Joi = require('joi');
module.exports = async () => {
  const schema = Joi.object({
    username: Joi.string().alphanum().min(3).max(30).required(),
    email: Joi.string().email({ tlds: { allow: ['com', 'example'] } }),
    birth: Joi.number().integer().min(1900).max(2013),
    password: Joi.string().pattern(/^[a-z0-9]{3,30}$/),
    again: Joi.ref('password'),
    roles: Joi.array().items(Joi.string().valid('admin', 'user')).default(['user']),
    at: Joi.date().iso(),
    kind: Joi.alternatives().conditional('birth', { is: Joi.exist(), then: Joi.string().required(), otherwise: Joi.forbidden() }),
  }).with('password', 'again').xor('email', 'phone').unknown(false);
  const good = schema.validate({ username: 'abc', email: 'a@b.example', birth: '1994', kind: 'x', at: '2020-01-01' });
  const bad = schema.validate({ username: 'a', email: 'a', birth: 1, roles: ['root'], extra: 1, kind: 'x' }, { abortEarly: false });
  const late = await Joi.string().external(async (value) => `${value}!`).validateAsync('x');
  return [good.error === undefined, good.value, bad.error.details.map(({ type, path, message }) => [type, path, message]), late, Joi.attempt('5', Joi.number()), Joi.isSchema(schema), Object.keys(schema.describe().keys)];
};
