import type { OnExecutePostLogin } from './hookd';

export const onExecutePostLogin: OnExecutePostLogin = async (event, api) => {
  api.accessToken.setCustomClaim('https://example.com/name', event.user.name!);
};
