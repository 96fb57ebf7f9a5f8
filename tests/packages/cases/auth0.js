const { AuthenticationClient, ManagementClient } = require('auth0');
module.exports = async (site, domain) => {
  const authentication = new AuthenticationClient({ domain, clientId: 'c', clientSecret: 's' });
  const granted = await authentication.clientCredentialsGrant({ audience: 'https://api.example/' });
  const management = new ManagementClient({ domain, token: granted.access_token ?? 'token' });
  const user = await management.getUser({ id: 'auth0|1' });
  const updated = await management.updateAppMetadata({ id: 'auth0|1' }, { plan: 'gold' });
  const lost = await management.getRole({ id: 'none' }).catch((error) => [error.name, error.statusCode, error.message]);
  const profile = await authentication.getProfile('token');
  return [granted, user, updated, lost, profile];
};
