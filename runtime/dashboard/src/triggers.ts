// The extensibility points, in words for people. The order is the one in which they are shown.
import type { TriggerId } from "./api.ts";

export interface Point {
  id: TriggerId;
  title: string;
  /** When a hook runs there, in one sentence. */
  when: string;
  /** What its answer does, in one sentence. */
  what: string;
  parameters: string[];
  /** The last line of a new hook. */
  answer: string;
  /** Whether a token is issued there: then there is a client. */
  grant: boolean;
}

export const POINTS: Point[] = [
  {
    id: "credentials-exchange",
    title: "Client Credentials Exchange",
    when: "Runs when an application asks for a token with its own credentials.",
    what: "The hook decides which scopes and claims the token gets, or that there is none.",
    parameters: ["client", "scope", "audience", "context"],
    answer: 'cb(null, { scope, "https://example.com/claim": client.name });',
    grant: true,
  },
  {
    id: "password-exchange",
    title: "Password Exchange",
    when: "Runs when a user logs in with a name and a password.",
    what: "The hook decides which scopes and claims the access token and the ID token get, or that there is none.",
    parameters: ["user", "client", "scope", "audience", "context"],
    answer: 'cb(null, { accessToken: { scope, "https://example.com/plan": user.app_metadata?.plan } });',
    grant: true,
  },
  {
    id: "pre-user-registration",
    title: "Pre User Registration",
    when: "Runs before a user is created.",
    what: "The hook refuses the registration, or gives the new user its metadata.",
    parameters: ["user", "context"],
    answer: 'cb(null, { user: { app_metadata: { plan: "trial" } } });',
    grant: false,
  },
  {
    id: "post-user-registration",
    title: "Post User Registration",
    when: "Runs after a user was created.",
    what: "The hook tells somebody: its answer changes nothing.",
    parameters: ["user", "context"],
    answer: "console.log(user.email); cb();",
    grant: false,
  },
  {
    id: "post-change-password",
    title: "Post Change Password",
    when: "Runs after a user's password was changed.",
    what: "The hook tells somebody: its answer changes nothing.",
    parameters: ["user", "context"],
    answer: "console.log(user.email); cb();",
    grant: false,
  },
  {
    id: "send-phone-message",
    title: "Send Phone Message",
    when: "Runs before a code is sent to a phone.",
    what: "The hook lets the message pass, or keeps it from being sent.",
    parameters: ["recipient", "text", "context"],
    answer: "cb();",
    grant: false,
  },
];

export function point(id: string): Point | undefined {
  return POINTS.find((row) => row.id === id);
}

/** `(client, scope, audience, context, cb)` */
export function signature(row: Point): string {
  return `(${[...row.parameters, "cb"].join(", ")})`;
}

/** The script of a hook that somebody begins with nothing. */
export function blank(row: Point): string {
  return `/**
 * ${row.when}
 * ${row.what}
 */
module.exports = function ${signature(row)} {
  ${row.answer.replace("; ", ";\n  ")}
};
`;
}
