// After a user was created: one line of JSON in the console, which the execution record and the live log keep.
/** @type {import('./hookd').PostUserRegistration} */
module.exports = function (user, context, cb) {
  if (!user.id) {
    return cb(new Error('a user without an id'));
  }
  console.log(JSON.stringify({ event: 'registered', user: user.id, connection: context.connection.name }));
  cb();
};
