const createError = require('http-errors');
module.exports = () => {
  const error = createError(401, 'Please login', { headers: { 'www-authenticate': 'Bearer' } });
  const wrapped = createError(new Error('inner'), { status: 422 });
  return [error.status, error.message, error.expose, error.headers, error.name, error instanceof createError.Unauthorized, new createError.NotFound().message, createError(503).expose, wrapped.status, wrapped.message, createError.isHttpError(error), String(createError(418))];
};
