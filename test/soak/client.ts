import { setTimeout as delay } from 'node:timers/promises';
import {
  me,
  obtainTokens,
  redeem,
  refresh,
  revoke,
  signIn,
  type RawClient,
  type TokenReply,
  type Tokens,
  type UserName,
} from '../../dev/oauth-client/raw-oauth.ts';
import { createRawMcp } from '../support/raw-mcp.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { Troubles } from './troubles.ts';

/** What an action came to. */
interface Outcome {
  /** `done`, or why not: a code of the server's, `no answer`. */
  readonly name: string;
  /** What the tool gave, where one was called and did what it was asked. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** A person with a client. */
export interface SoakClient {
  /** Does one thing. Never rejects: what must not happen is noted down. */
  act(): Promise<void>;
}

export interface SoakClientOptions {
  readonly base: string;
  readonly user: UserName;
  /** Unique among the clients. */
  readonly name: string;
  readonly ledger: Ledger;
  /** What explains failures. */
  readonly troubles: Troubles;
  readonly random: Random;
}

interface State {
  readonly client: RawClient;
  tokens: Tokens;
}

/** Longest that an action takes with all its repeats, milliseconds. */
const patienceMs = 150_000;

/** How often, and how soon, what must succeed is tried again: new keys at Entra may keep sign-ins waiting for a minute. */
const maxRepeats = 100;
const repeatMs = 1_000;

/** The outcome of work; a connection that was cut, by a kill or by the balancer, is no answer. */
async function attempt(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    const told = error instanceof Error ? error.message : '';
    const [, code] = /"code":"(\w+)"/.exec(told) ?? [];
    if (code !== undefined) return { name: code };
    if (error instanceof TypeError) return { name: 'no answer' };
    // A page of the sign-in said so to the person, who goes no further.
    return { name: told.startsWith('at http') ? 'sign-in broke off' : `unexpected: ${told.slice(0, 200)}` };
  }
}

async function callTool(base: string, token: string, tool: string, args: object): Promise<Outcome> {
  const answer = await createRawMcp(new URL('/mcp', base), token).modern('tools/call', {
    name: tool,
    arguments: args,
  });
  const body = (await answer.json()) as {
    readonly code?: string;
    readonly result?: { readonly isError?: boolean; readonly structuredContent?: Record<string, unknown> };
    readonly error?: { readonly data?: { readonly code?: string } };
  };
  if (body.result?.isError === true) return { name: 'refused by the tool' };
  if (body.result !== undefined) return { name: 'done', result: body.result.structuredContent ?? {} };
  return { name: body.code ?? body.error?.data?.code ?? `status ${answer.status}` };
}

/** The notes of one client's author, by its own account and by the server's. */
function createNoteActions({ base, user, name, ledger, random }: SoakClientOptions, state: State) {
  let written = 0;
  const tool = (which: string, args: object) =>
    attempt(() => callTool(base, state.tokens.accessToken, which, args));
  const kept: { readonly text: string; readonly id: string }[] = [];

  return {
    async save(): Promise<Outcome> {
      const text = `${user} ${name} ${(written += 1)}`;
      const outcome = await tool('save_user_note', { text });
      if (outcome.name === 'refused by the tool') return outcome;
      ledger.notes.set(text, { user, fate: outcome.name === 'done' ? 'saved' : 'perhaps saved' });
      if (outcome.name === 'done') kept.push({ text, id: String(outcome.result?.id) });
      return outcome;
    },
    async remove(): Promise<Outcome> {
      const index = Math.floor(random.next() * kept.length);
      const [note] = kept.splice(index, 1);
      if (note === undefined) return { name: 'done' };
      const outcome = await tool('delete_user_note', { id: note.id });
      const entry = ledger.notes.get(note.text);
      if (entry !== undefined) entry.fate = outcome.name === 'done' ? 'deleted' : 'perhaps deleted';
      if (outcome.name === 'refused by the tool') ledger.violate(`${note.text} was saved and is not there`);
      return outcome;
    },
    async list(): Promise<Outcome> {
      const outcome = await tool('get_user_notes', { limit: 100 });
      const notes = (outcome.result?.notes ?? []) as readonly { readonly text: string }[];
      for (const { text } of notes)
        if (ledger.notes.get(text)?.user !== user && !text.startsWith(`${user} `))
          ledger.violate(`${user} saw ${text}`);
      return outcome;
    },
  };
}

function createTokenActions({ base, user, ledger, troubles }: SoakClientOptions, state: State) {
  function takeTokens({ status, body }: TokenReply): Outcome {
    if (status !== 200) return { name: String(body.code ?? body.error) };
    state.tokens = { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) };
    return { name: 'done' };
  }
  async function signInAgain(): Promise<Outcome> {
    return attempt(async () => {
      const signedIn = await signIn(base, state.client, { user });
      const told = signedIn.callback.searchParams.get('error');
      return told === null ? takeTokens(await redeem(base, state.client, signedIn)) : { name: told };
    });
  }
  async function renew(): Promise<Outcome> {
    return attempt(async () => takeTokens(await refresh(base, state.client, state.tokens.refreshToken)));
  }
  async function end(): Promise<Outcome> {
    return attempt(async () => {
      const { status, body } = await revoke(base, state.client, state.tokens.refreshToken);
      return { name: status === 200 ? 'done' : String(body.code ?? body.error) };
    });
  }
  /** Again and again while what it comes to has a reason. */
  async function untilDone(action: string, work: () => Promise<Outcome>): Promise<Outcome> {
    for (let times = 0; ; times += 1) {
      const startedAt = Date.now();
      const outcome = await work();
      if (outcome.name === 'done' || times === maxRepeats || !troubles.explain(outcome.name, startedAt))
        return outcome;
      ledger.count(action, outcome.name);
      await delay(repeatMs);
    }
  }
  return {
    signIn: signInAgain,
    /** Until there is an answer: who has none has the token that he had, which is good for a minute. */
    refresh: () => untilDone('refresh', renew),
    me: () =>
      attempt(async () => {
        const answer = await me(base, state.tokens.accessToken);
        const body = (await answer.json()) as { readonly code?: string; readonly username?: string };
        if (answer.status !== 200) return { name: body.code ?? `status ${answer.status}` };
        if (body.username !== undefined && !body.username.startsWith(user))
          ledger.violate(`${user} was taken for ${body.username}`);
        return { name: 'done' };
      }),
    /** Ends the sign-in, until that is said to be done, and begins a new one. */
    async leave(): Promise<Outcome> {
      const outcome = await untilDone('leave', end);
      if (outcome.name !== 'done') return outcome;
      const refused = await renew();
      if (refused.name === 'done') ledger.violate(`${user} was renewed after a revocation`);
      return untilDone('signIn', signInAgain);
    },
  };
}

/** What a client does, and how often beside the others: sign-ins seldom, of which an address has 300 in ten minutes. */
const mix = [
  ['save', 28],
  ['remove', 27],
  ['list', 16],
  ['me', 14],
  ['refresh', 12],
  ['signIn', 0.6],
  ['leave', 0.2],
] as const;

/** A client that is signed in. */
export async function startSoakClient(options: SoakClientOptions): Promise<SoakClient> {
  const { base, user, name, ledger, troubles, random } = options;
  const { client, ...tokens } = await obtainTokens(base, { user });
  ledger.count('signIn', 'done');
  const state: State = { client, tokens };
  const actions = { ...createNoteActions(options, state), ...createTokenActions(options, state) };
  return {
    async act() {
      const action = random.pick(mix);
      const startedAt = Date.now();
      const late = delay(patienceMs, { name: 'unexpected: no end' }, { ref: false });
      const outcome = await Promise.race([actions[action](), late]);
      ledger.count(action, outcome.name);
      if (!troubles.explain(outcome.name, startedAt))
        ledger.violate(`${user} ${name}: ${action}: ${outcome.name}, for no reason`);
    },
  };
}
