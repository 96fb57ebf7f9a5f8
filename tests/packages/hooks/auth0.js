// The user's roles are kept in Auth0: the Management API is asked, and told when this was.
const { ManagementClient } = require('auth0@2.44.1');

module.exports = async function (client, scope, audience, context, cb) {
  const management = new ManagementClient({ domain: context.webtask.secrets.DOMAIN, token: context.webtask.secrets.TOKEN });
  try {
    const user = await management.getUser({ id: 'auth0|1' });
    const updated = await management.updateAppMetadata({ id: user.user_id }, { seen: true });
    const error = await management.getRole({ id: 'none' }).catch((found) => found);
    cb(null, { scope, 'https://example.com/email': user.email, 'https://example.com/seen': updated.app_metadata.seen, 'https://example.com/error': `${error.statusCode} ${error.message}` });
  } catch (error) {
    cb(error);
  }
};
