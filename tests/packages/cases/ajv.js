const Ajv = require('ajv');
module.exports = () => {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, coerceTypes: true });
  const validate = ajv.compile({
    type: 'object',
    required: ['name', 'roles'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', minLength: 2, pattern: '^[a-z]+$' },
      age: { type: 'integer', minimum: 18 },
      roles: { type: 'array', items: { enum: ['admin', 'user'] }, uniqueItems: true },
      plan: { type: 'string', default: 'free' },
      at: { $ref: '#/definitions/place' },
    },
    definitions: { place: { anyOf: [{ type: 'null' }, { type: 'object', required: ['city'] }] } },
  });
  const good = { name: 'ann', age: '20', roles: ['user'] };
  const bad = { name: 'A', age: 5, roles: ['user', 'user', 'root'], extra: 1, at: {} };
  return [validate(good), good, validate(bad), validate.errors.map((error) => [error.instancePath, error.keyword, error.message]), ajv.errorsText(validate.errors)];
};
