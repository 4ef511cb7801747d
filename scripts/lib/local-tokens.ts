import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import { ClientSecretPost, None } from 'oauth4webapi';
import * as z from 'zod';
import { apps, homeTenant, users, type Application } from '../../dev/entra/directory.ts';
import { Failure } from '../../dev/failure.ts';
import { requestToken } from './request-token.ts';
import { reach } from './unreachable.ts';

/** Gets a token from the local Entra at an authority. */
type TokenMaker = (authority: string) => Promise<string>;

const { identifierUri } = apps.api.api;
const hour = 3_600;

/** As a person, by the password grant of the developer sign-in. */
export async function requestUserToken(authority: string, name: string): Promise<string> {
  const user = Object.entries(users).find(([key]) => key === name)?.[1];
  if (user === undefined) throw new Failure(`There is no user ${name}: ${Object.keys(users).join(', ')}`);
  return requestToken({
    authority,
    tenantId: user.tenantId,
    clientId: apps.native.id,
    authenticate: None(),
    grantType: 'password',
    parameters: {
      scope: `${identifierUri}/access_as_user`,
      username: user.username,
      password: user.password,
    },
  });
}

function asApplication({ id, secret }: Application & { readonly secret: string }): TokenMaker {
  return (authority) =>
    requestToken({
      authority,
      tenantId: homeTenant.id,
      clientId: id,
      authenticate: ClientSecretPost(secret),
      grantType: 'client_credentials',
      parameters: { scope: `${identifierUri}/.default` },
    });
}

interface MintRequest {
  readonly base?: string;
  readonly version?: '1.0' | '2.0';
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Any token at all, alice's where nothing is said, by the local Entra's own switch: Entra would not issue these. */
function mint(describe: () => MintRequest): TokenMaker {
  return async (authority) => {
    const response = await reach(`${authority}/dev/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(describe()),
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) throw new Failure(`${authority}/dev/tokens answered ${response.status}`);
    return z.object({ token: z.string() }).parse(await response.json()).token;
  };
}

function expiredClaims() {
  const now = Math.floor(Date.now() / 1_000);
  return { iat: now - 2 * hour, nbf: now - 2 * hour, exp: now - hour };
}

/** The same header and claims under a key that was made a moment ago. */
async function forge(authority: string): Promise<string> {
  const genuine = await mint(() => ({}))(authority);
  const { privateKey } = await generateKeyPair('RS256');
  const { alg, ...header } = decodeProtectedHeader(genuine);
  return new SignJWT(decodeJwt(genuine))
    .setProtectedHeader({ ...header, alg: alg ?? 'RS256' })
    .sign(privateKey);
}

/** Kinds of tokens beside those of a person. */
export const tokenMakers = {
  app: asApplication(apps.smoke),
  'app-without-role': asApplication(apps.daemon),
  v1: mint(() => ({ version: '1.0' })),
  expired: mint(() => ({ claims: expiredClaims() })),
  'wrong-audience': mint(() => ({ claims: { aud: apps.apiV1.id } })),
  // For a registration that is client and API at once, whose ID tokens have the audience of the API.
  'id-token': mint(() => ({ base: 'id:alice', claims: { aud: apps.api.id } })),
  'without-scope': mint(() => ({ claims: { scp: 'User.Read' } })),
  'foreign-key': forge,
} as const satisfies Record<string, TokenMaker>;
