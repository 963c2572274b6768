// What all tests of foreign clients use: the servers, the desk of the test that
// started them, and people.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { AuthClient } from "@supabase/auth-js";

const { HUTCH_URL, HUTCH_PLAIN_URL, HUTCH_KEY, HUTCH_DATA_KEY, HUTCH_DESK } = process.env;

export const mailed = HUTCH_URL; // sign-ups are confirmed by mail
export const plain = HUTCH_PLAIN_URL; // no mail, no providers
export const keys = { auth: HUTCH_KEY, data: HUTCH_DATA_KEY };
export const password = "correct horse battery";
export const app = "http://localhost:3000/welcome";

export const address = () => `${randomUUID()}@example.test`;

/** A client of its own browser, as createClient of supabase-js makes it. */
export function client(server, options = {}) {
  return new AuthClient({
    url: `${server}/auth/v1`,
    storageKey: randomUUID(),
    autoRefreshToken: false,
    headers: { apikey: "anon" },
    ...options,
  });
}

export const pkce = (server, options) => client(server, { flowType: "pkce", ...options });

export function admin(key = keys.auth) {
  const headers = { apikey: key, Authorization: `Bearer ${key}` };
  return client(mailed, { headers, persistSession: false }).admin;
}

/** The data of an answer without an error. */
export function ok({ data, error }) {
  if (error) throw error;
  return data;
}

/** Checks that a call was refused, by GoTrue's code. */
export function refused({ data, error }, code, status, name = "AuthApiError") {
  assert.ok(error, `not refused: ${JSON.stringify(data)}`);
  assert.deepEqual(
    { code: error.code, status: error.status, name: error.name },
    { code, status, name },
    error.message,
  );
  assert.ok(error.message.length > 0);
  return error;
}

/** Somebody with a confirmed address and a session. */
export async function person(auth = client(mailed)) {
  const email = address();
  const { id } = ok(
    await admin().createUser({ email, password, email_confirm: true, user_metadata: { name: "Ann" } }),
  ).user;
  const { session } = ok(await auth.signInWithPassword({ email, password }));
  return { auth, email, id, session };
}

async function ask(path, query) {
  const res = await fetch(`${HUTCH_DESK}/${path}?${new URLSearchParams(query)}`);
  if (!res.ok) throw new Error(await res.text());
  return res.json();
}

/** The nth mail to an address whose subject has a word: { subject, text, link, code, token, type }. */
export const mail = (to, subject, n = 1) => ask("mail", { to, subject, n });

/** Where the browser is after the button of a mailed link. */
export const press = async (link) => new URL((await ask("press", { link })).to);

/** Where the browser is after signing in at the provider. */
export const surf = async (at, as) => new URL((await ask("surf", { at, as })).to);

/** What a native app gets of the provider: { token, access_token }. */
export const native = (as, nonce) => ask("native", { as, nonce });

/** Brings the next signing key of the plain server in; with now it signs at once. */
export const rotate = (query = {}) => ask("rotate", query);
