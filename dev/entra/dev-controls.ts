import type { KoaContextWithOIDC } from 'oidc-provider';
import * as z from 'zod';
import { loopbackNames } from '../../src/loopback.ts';
import type { Accounts } from './accounts.ts';
import { apps, findUser, homeTenant, users } from './directory.ts';
import type { Application, User } from './directory.ts';
import { readBody } from './hand-over.ts';
import type { SigningKeys } from './keys.ts';
import { accessTokenClaims, idTokenClaims, signToken } from './tokens.ts';

/** Answers a path under `/dev/`, which Entra does not have; `path` is what follows. */
export type DevControls = (ctx: KoaContextWithOIDC, path: string) => Promise<void>;

const userSwitch = z.strictObject({ enabled: z.boolean() });

const mintRequest = z.strictObject({
  /** Whose token: `user:alice`, `app:smoke`, or `id:alice` for an ID token of the developer sign-in. */
  base: z.templateLiteral([z.enum(['user', 'app', 'id']), ':', z.string()]).default('user:alice'),
  version: z.enum(['1.0', '2.0']).default('2.0'),
  /** Put in the place of what the base says. */
  claims: z.record(z.string(), z.unknown()).default({}),
  /** Names of claims to leave out. */
  omit: z.array(z.string()).default([]),
});

type MintRequest = z.infer<typeof mintRequest>;

const people = new Map<string, User>(Object.entries(users));
const registered = new Map<string, Application>(Object.entries(apps));

function claimsOf({ base, version }: MintRequest, authority: string) {
  const [kind, name = ''] = base.split(':');
  const user = kind === 'app' ? undefined : people.get(name);
  const app = kind === 'app' ? registered.get(name) : apps.native;
  if (app === undefined || (kind !== 'app' && user === undefined)) return undefined;
  const tenantId = user?.tenantId ?? homeTenant.id;
  const issuance = { authority, tenantId, client: app, seconds: 3600 };
  if (kind === 'id' && user !== undefined) return idTokenClaims({ ...issuance, user });
  return accessTokenClaims({
    ...issuance,
    ...(user !== undefined && { user }),
    clientAuthentication: user === undefined ? '1' : '0',
    resource: apps.api,
    scopes: apps.api.api.scopes,
    version,
  });
}

/** A browser sends Origin with every POST, and a name that was made to point here shows in Host. */
function comesFromThisMachine(ctx: KoaContextWithOIDC): boolean {
  return ctx.get('origin') === '' && loopbackNames.some((name) => name === ctx.hostname);
}

/**
 * Switches for tests and demonstrations: `POST rotate-keys`, `POST tokens`, `POST users/{username}`.
 * Bodies and answers are JSON; a malformed body is 400.
 */
export function createDevControls(authority: string, keys: SigningKeys, accounts: Accounts): DevControls {
  async function readJson<T>(ctx: KoaContextWithOIDC, schema: z.ZodType<T>): Promise<T | undefined> {
    try {
      const parsed = schema.safeParse(JSON.parse((await readBody(ctx)) ?? ''));
      if (parsed.success) return parsed.data;
      ctx.body = { error: z.prettifyError(parsed.error) };
    } catch {
      ctx.body = { error: 'The body is not JSON.' };
    }
    ctx.status = 400;
    return undefined;
  }

  async function mint(ctx: KoaContextWithOIDC): Promise<void> {
    const request = await readJson(ctx, mintRequest);
    if (request === undefined) return;
    const base = claimsOf(request, authority);
    ctx.status = base === undefined ? 400 : 200;
    if (base === undefined) {
      ctx.body = { error: `The directory has no ${request.base}.` };
      return;
    }
    const claims = Object.entries({ ...base, ...request.claims });
    const kept = Object.fromEntries(claims.filter(([name]) => !request.omit.includes(name)));
    ctx.body = { token: await signToken(keys.current(), kept) };
  }

  async function switchUser(ctx: KoaContextWithOIDC, user: User): Promise<void> {
    const wanted = await readJson(ctx, userSwitch);
    if (wanted === undefined) return;
    accounts.setEnabled(user, wanted.enabled);
    ctx.body = { username: user.username, enabled: wanted.enabled };
  }

  return async function answerDevControls(ctx, path) {
    if (!comesFromThisMachine(ctx)) {
      ctx.status = 403;
      ctx.body = { error: 'Only programs on this machine may use this path.' };
      return;
    }
    if (ctx.method !== 'POST') {
      ctx.status = 405;
      ctx.set('allow', 'POST');
      return;
    }
    const user = path.startsWith('users/') ? findUser('username', path.slice('users/'.length)) : undefined;
    if (user !== undefined) return switchUser(ctx, user);
    if (path === 'tokens') return mint(ctx);
    if (path === 'rotate-keys') ctx.body = { kid: await keys.rotate() };
  };
}
