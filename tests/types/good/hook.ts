import type { AccessToken, CredentialsExchange } from './hookd';

enum Plan {
  Free = 'free',
  Gold = 'gold',
}

const hook: CredentialsExchange = async (client, scope, audience, context) => {
  const plan = (client.metadata.plan as Plan | undefined) ?? Plan.Free;
  if (!context.ip) throw new ServerError(`no address for ${audience}`);
  const token: AccessToken = { scope, 'https://example.com/plan': plan };
  return token;
};
export default hook;
