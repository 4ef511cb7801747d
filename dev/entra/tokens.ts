import { createHash, randomBytes } from 'node:crypto';
import { SignJWT, importJWK } from 'jose';
import type { JWTPayload } from 'jose';
import { apps } from './directory.ts';
import type { Application, Resource, TokenVersion, User } from './directory.ts';
import type { SigningKey } from './keys.ts';
import { EntraRefusal } from './refusals.ts';

/** How the client proved itself (`azpacr`): not at all, with a secret, with an assertion. */
export type ClientAuthentication = '0' | '1' | '2';

export interface Issuance {
  /** Base URL of the local Entra. */
  readonly authority: string;
  readonly tenantId: string;
  readonly client: Application;
  /** Absent when the application acts for itself. */
  readonly user?: User;
  /** Life of the token in seconds. */
  readonly seconds: number;
}

export interface AccessTokenIssuance extends Issuance {
  readonly clientAuthentication: ClientAuthentication;
  readonly resource: Resource;
  /** What goes into `scp`. */
  readonly scopes: readonly string[];
  readonly version: TokenVersion;
}

/** Entra dates a token back by five minutes, so that a verifier with a slow clock accepts it at once. */
const backdatedSeconds = 300;

function commonClaims({ authority, tenantId, seconds }: Issuance, version: TokenVersion): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: version === '2.0' ? `${authority}/${tenantId}/v2.0` : `https://sts.windows.net/${tenantId}/`,
    iat: now - backdatedSeconds,
    nbf: now - backdatedSeconds,
    exp: now + seconds,
    rh: `1.${randomBytes(24).toString('base64url')}.`,
    tid: tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: version,
  };
}

/** Stable for a user and an application, and of no use to another application. */
function pairwiseSubject(user: User, app: Application): string {
  return createHash('sha256').update(`${user.oid} ${app.id}`).digest('base64url');
}

function clientClaims({ client, clientAuthentication, version }: AccessTokenIssuance): JWTPayload {
  return version === '2.0'
    ? { azp: client.id, azpacr: clientAuthentication }
    : { appid: client.id, appidacr: clientAuthentication };
}

function principalClaims(issuance: AccessTokenIssuance): JWTPayload {
  const { client, resource, scopes, tenantId, user, version } = issuance;
  if (user === undefined) {
    const servicePrincipal = client.servicePrincipals[tenantId];
    if (servicePrincipal === undefined) throw new EntraRefusal('applicationUnknown', client.id);
    return { idtyp: 'app', oid: servicePrincipal, sub: servicePrincipal };
  }
  return {
    name: user.name,
    oid: user.oid,
    scp: scopes.join(' '),
    sub: pairwiseSubject(user, resource),
    ...(version === '2.0'
      ? { preferred_username: user.username }
      : { amr: ['pwd'], unique_name: user.username, upn: user.username }),
  };
}

/** Claims of an access token, v1 or v2, for a user or for an application. */
export function accessTokenClaims(issuance: AccessTokenIssuance): JWTPayload {
  const { client, resource, user, version } = issuance;
  const named = version === '2.0' || resource.id === apps.graph.id ? resource.id : resource.api.identifierUri;
  const roles = (user ?? client).assignedRoles.filter((role) => resource.api.appRoles.includes(role));
  return {
    aud: named,
    ...commonClaims(issuance, version),
    ...clientClaims(issuance),
    ...principalClaims(issuance),
    ...(roles.length > 0 && { roles }),
  };
}

/** Claims of an ID token, which is always v2 at the v2 endpoints. */
export function idTokenClaims(issuance: Issuance & { readonly user: User }, nonce?: string): JWTPayload {
  const { client, user } = issuance;
  return {
    aud: client.id,
    ...commonClaims(issuance, '2.0'),
    name: user.name,
    ...(nonce !== undefined && { nonce }),
    oid: user.oid,
    preferred_username: user.username,
    sub: pairwiseSubject(user, client),
  };
}

/** A JWT signed with RS256. */
export async function signToken(key: SigningKey, claims: JWTPayload, header: object = {}): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', ...header, alg: 'RS256', kid: key.kid })
    .sign(await importJWK(key, 'RS256'));
}

/**
 * An access token; one for Microsoft Graph can be verified by Graph alone: what is signed holds the digest of the
 * `nonce` that the header shows.
 */
export async function issueAccessToken(key: SigningKey, issuance: AccessTokenIssuance): Promise<string> {
  const claims = accessTokenClaims(issuance);
  if (issuance.resource.id !== apps.graph.id) return signToken(key, claims);
  const nonce = randomBytes(32).toString('base64url');
  const digest = createHash('sha256').update(nonce).digest('base64url');
  const [, payload, signature] = (await signToken(key, claims, { nonce: digest })).split('.');
  const header = Buffer.from(JSON.stringify({ typ: 'JWT', nonce, alg: 'RS256', kid: key.kid }));
  return [header.toString('base64url'), payload, signature].join('.');
}
