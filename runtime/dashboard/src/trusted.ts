// The one Trusted Types policy that the CSP allows: our own files may become workers.
//
//   import url from "./some.worker.ts?worker";
//   const worker = new Worker(workerUrl(url));
const policy = (
  window as unknown as { trustedTypes?: { createPolicy(name: string, rules: object): { createScriptURL(url: string): unknown } } }
).trustedTypes?.createPolicy("hookd", {
  createScriptURL(url: string) {
    if (!/^\/dashboard\/assets\/[\w.-]+\.js$/.test(url)) throw new TypeError(`${url} is no worker of ours`);
    return url;
  },
});

export function workerUrl(url: string): string {
  return (policy ? policy.createScriptURL(url) : url) as string;
}
