// After a password change: says in the console how long ago it was, as the vendor's example tells somebody by mail.
/** @type {import('./hookd').PostChangePassword} */
module.exports = function (user, context, cb) {
  const changed = new Date(user.last_password_reset);
  if (Number.isNaN(changed.getTime())) {
    throw new TypeError(`no date: ${user.last_password_reset}`);
  }
  console.info('%s (%s) has a new password since %s', user.id, context.connection.name, changed.toISOString());
  cb(null, { noticed: true });
};
