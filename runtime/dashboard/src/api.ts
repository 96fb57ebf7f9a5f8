// The server, typed: the APIs that everybody has (/openapi.json), and the few routes of the dashboard's own.
//
// Each function gives the answer's body, or throws `ApiError`, whose message is fit to be shown. A 401 ends the session, and
// with it every page: nobody needs to look for it. `hooks.create` and `hooks.update` give the server's remarks, too.
import { signal } from "@preact/signals";

export type TriggerId =
  | "credentials-exchange"
  | "password-exchange"
  | "pre-user-registration"
  | "post-user-registration"
  | "post-change-password"
  | "send-phone-message";
export type Engine = "wasm" | "node";
export type Decision = "allow" | "deny";
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Who is logged in. `csrf` goes into a header of every change. */
export interface Session {
  tenant: string;
  subject: string;
  scopes: string[];
  expires_at: string;
  csrf: string;
}

/** A hook as /api/v2/hooks has it. */
export interface Hook {
  id: string;
  name: string;
  script: string;
  dependencies: Record<string, string>;
  enabled: boolean;
  triggerId: TriggerId;
}

/** A hook in the list: what the management API has no place for stands beside. */
export interface ListedHook {
  id: string;
  name: string;
  triggerId: TriggerId;
  enabled: boolean;
  engine: Engine;
  /** The newest version's number, and when it was deployed. */
  version: number;
  deployed_at: string;
  policy: Policy;
  secrets: string[];
  last: { id: string; at: string; decision: Decision; failed: boolean } | null;
}

export interface Policy {
  clients: string[];
  audiences: string[];
  order: number | null;
  on_error: Decision;
}

export interface HookError {
  code: string;
  name: string;
  message: string;
  stack: string;
}

export type Level = "debug" | "info" | "warn" | "error";

export interface ConsoleLine {
  level: Level;
  text: string;
}

export interface Operation {
  kind: string;
  method: string | null;
  host: string | null;
  status: number | null;
  ms: number;
  error: string | null;
}

export interface DroppedClaim {
  name: string;
  token: string;
  reason: string;
}

export interface Execution {
  id: string;
  at: string;
  trigger: TriggerId;
  hook_id: string;
  hook: string;
  version: string;
  client: string;
  decision: Decision;
  /** "answer", "refusal" (cb(error)), or how it failed: "threw", "cpu_limit", ... */
  outcome: string;
  /** "error" where the hook broke, else that of its gravest console line, "info" at least. */
  level: Level;
  error: string | null;
  error_description: string | null;
  hook_error: HookError | null;
  dropped: DroppedClaim[];
  answer: string | null;
  console: ConsoleLine[];
  operations: Operation[];
  duration_ms: number;
  cpu_ms: number;
  memory_bytes: number;
  request_id: string;
  request: Json;
}

export interface Deploy {
  number: number;
  id: string;
  at: string;
}

export interface Version {
  number: number;
  id: string;
  script: string;
  dependencies: Record<string, string>;
  engine: Engine;
  modules: { name: string; version: string; bytes: number; builtins: string[]; missing: string[] }[];
}

export interface TestRun {
  request: Json;
  decision: Decision;
  scope?: string[];
  claims?: Record<string, Json>;
  id_token_claims?: Record<string, Json>;
  user?: Json;
  dropped?: DroppedClaim[];
  error?: string;
  error_description?: string;
  user_message?: string;
  hook_error?: HookError;
  run: Pick<Execution, "version" | "duration_ms" | "cpu_ms" | "memory_bytes" | "console" | "operations">;
}

/** What of the configuration is nobody's secret. Times are milliseconds, sizes bytes. */
export interface ServerSettings {
  version: string;
  engines: Engine[];
  engine: Engine;
  limits: Record<"cpu_ms" | "wall_ms" | "memory_bytes" | "output_bytes" | "console_lines" | "console_bytes" | "operations" | "operation_bytes", number>;
  retention: { executions_days: number; executions_most: number; hooks_most: number; versions_most: number; requests: boolean };
  modules: { packages: number; bytes: number; seconds: number };
  network: { enabled: boolean; timeout_ms: number; response_bytes: number; redirects: number };
}

/** What the server had to say beside the hook. */
export interface Remarks {
  /** The hook that is disabled now, because this one was enabled. */
  disabled: string | null;
  /** Why the hook that was stored can not be enabled. */
  warning: string | null;
  /** "lodash@4.17.21;bytes=143391, ..." */
  modules: string | null;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The code of a logout that this browser has behind it, and the storage could not be told of: `runtime/web/dashboard/login.py`. */
export const NOT_ENDED = "session_not_ended";

/** undefined: not asked yet. null: nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether a session has ended that nobody logged out of. */
export const hasEnded = signal(false);

export function may(scope: string): boolean {
  return session.value?.scopes.includes(scope) ?? false;
}

type Query = Record<string, string | number | boolean | null | undefined>;

async function send(method: string, path: string, body?: unknown, query: Query = {}, signal?: AbortSignal): Promise<Response> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && session.peek()) headers["X-CSRF-Token"] = session.peek()!.csrf;
  let answer: Response;
  try {
    answer = await fetch(`${path}${parameters.size ? `?${parameters}` : ""}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server can not be reached. Is it running?");
  }
  if (!answer.ok) throw await errorOf(answer, path);
  return answer;
}

/** The server does not know the session any more. */
export function end(): void {
  hasEnded.value ||= !!session.peek();
  session.value = null;
}

async function errorOf(answer: Response, path: string): Promise<ApiError> {
  if (answer.status === 401 && path !== "/dashboard/login") end();
  try {
    const { message, errorCode } = await answer.json();
    return new ApiError(answer.status, String(errorCode), String(message));
  } catch {
    return new ApiError(answer.status, "unknown", `The server answered ${answer.status}.`);
  }
}

async function call<T>(method: string, path: string, body?: unknown, query?: Query, signal?: AbortSignal): Promise<T> {
  const answer = await send(method, path, body, query, signal);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

async function write(method: string, path: string, body: unknown): Promise<{ hook: Hook; remarks: Remarks }> {
  const answer = await send(method, path, body);
  return { hook: await answer.json(), remarks: remarksOf(answer) };
}

function remarksOf({ headers }: Response): Remarks {
  return { disabled: headers.get("X-Hook-Disabled"), warning: headers.get("X-Hook-Warning"), modules: headers.get("X-Hook-Modules") };
}

const HOOKS = "/api/v2/hooks";

export const auth = {
  /** Find out who is logged in, by the cookie. */
  async resume(): Promise<void> {
    session.value = await call<Session | null>("GET", "/dashboard/session");
  },
  async login(token: string): Promise<void> {
    session.value = await call<Session>("POST", "/dashboard/login", { token });
    hasEnded.value = false;
  },
  async logout(): Promise<void> {
    await call("POST", "/dashboard/logout");
    session.value = null;
  },
  /** Which ways to log in there are. */
  ways: () => call<{ oidc: boolean }>("GET", "/dashboard/login.json"),
};

export const hooks = {
  list: () => call<{ hooks: ListedHook[] }>("GET", "/dashboard/hooks.json").then((body) => body.hooks),
  get: (id: string) => call<Hook>("GET", `${HOOKS}/${id}`),
  create: (hook: Partial<Hook> & { engine?: Engine }) => write("POST", HOOKS, hook),
  update: (id: string, changes: Partial<Omit<Hook, "id" | "triggerId">> & { engine?: Engine }) => write("PATCH", `${HOOKS}/${id}`, changes),
  remove: (id: string) => call<void>("DELETE", `${HOOKS}/${id}`),
  policy: (id: string) => call<Policy>("GET", `/api/v1/hooks/${id}/policy`),
  setPolicy: async (id: string, changes: Partial<Policy>): Promise<{ policy: Policy; remarks: Remarks }> => {
    const answer = await send("PATCH", `/api/v1/hooks/${id}/policy`, changes);
    return { policy: await answer.json(), remarks: remarksOf(answer) };
  },
  versions: (id: string) => call<{ versions: Deploy[] }>("GET", `/api/v1/hooks/${id}/versions`).then((body) => body.versions),
  version: (id: string, number: number) => call<Version>("GET", `/api/v1/hooks/${id}/versions/${number}`),
  rollBack: (id: string, version: number) => write("POST", `/api/v1/hooks/${id}/rollback`, { version }),
  /** Runs a draft as issuance would, without recording it. Nothing given: the hook as it is, with a sample request. */
  test: (
    id: string,
    draft: { script?: string; dependencies?: Record<string, string>; version?: number; request?: Json; execution?: string; engine?: Engine },
  ) => call<TestRun>("POST", `/api/v1/hooks/${id}/test`, draft),
};

export const secrets = {
  /** Names only: a value that was written is shown to nobody. */
  names: (id: string) => call<Record<string, string>>("GET", `${HOOKS}/${id}/secrets`).then(Object.keys),
  add: (id: string, values: Record<string, string>) => call<void>("POST", `${HOOKS}/${id}/secrets`, values),
  update: (id: string, values: Record<string, string>) => call<void>("PATCH", `${HOOKS}/${id}/secrets`, values),
  remove: (id: string, names: string[]) => call<void>("DELETE", `${HOOKS}/${id}/secrets`, names),
};

/** Of a while: how many executions, and how long they took. */
export interface Counted {
  executions: number;
  denied: number;
  failed: number;
  duration_ms: Record<"p50" | "p90" | "p99", number | null>;
}

export interface Summary extends Counted {
  since: string;
  until: string;
  step_seconds: number;
  outcomes: Record<string, number>;
  steps: (Counted & { at: string })[];
}

export interface ExecutionFilter {
  trigger?: TriggerId | "";
  hook?: string;
  client?: string;
  decision?: Decision | "";
  outcome?: string;
  /** Executions of this level or a graver one. */
  level?: Level | "";
  request_id?: string;
}

export interface ExecutionQuery extends ExecutionFilter {
  since?: string;
  until?: string;
  /** An execution's id: those that were before it. */
  before?: string;
  limit?: number;
}

export const executions = {
  list: (wanted: ExecutionQuery, signal?: AbortSignal) =>
    call<{ executions: Execution[]; next: string | null }>("GET", "/api/v1/logs", undefined, { ...wanted }, signal),
  get: (id: string) => call<Execution>("GET", `/api/v1/logs/${id}`),
  summary: (wanted: ExecutionFilter & { since?: string; until?: string; steps?: number }) =>
    call<Summary>("GET", "/api/v1/logs/summary", undefined, { ...wanted }),
  /** The address of the live tail, for an `EventSource` (`tail.ts` has one that comes back by itself). */
  tailUrl: (wanted: ExecutionFilter) => {
    const given = Object.entries(wanted).filter((pair): pair is [string, string] => !!pair[1]);
    const text = new URLSearchParams(given).toString();
    return `/api/v1/logs/tail${text && `?${text}`}`;
  },
};

export const server = {
  settings: () => call<ServerSettings>("GET", "/dashboard/settings.json"),
  /** A request of each extensibility point. */
  samples: () => call<Record<TriggerId, Json>>("GET", "/dashboard/samples.json"),
};
