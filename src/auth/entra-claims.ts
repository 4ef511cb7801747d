import * as z from 'zod';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { expirySchema, parseClaims } from './jwt.ts';
import type { Principal } from './principal.ts';
import { requireAny, splitScopes } from './scopes.ts';

type EntraConfig = Config['entra'];

/** The claims of an Entra access token that decide anything (Microsoft identity platform, access token claims). */
const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  exp: expirySchema,
  sub: z.string().optional(),
  tid: z.guid().toLowerCase(),
  oid: z.guid().toLowerCase(),
  ver: z.enum(['1.0', '2.0']),
  azp: z.string().optional(),
  appid: z.string().optional(),
  scp: z.string().optional(),
  roles: z.array(z.string()).optional(),
  idtyp: z.string().optional(),
  nonce: z.unknown().optional(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  upn: z.string().optional(),
});

export type EntraClaims = z.infer<typeof claimsSchema>;

/** @throws AppError `invalid_claims` */
export function parseEntraClaims(payload: unknown): EntraClaims {
  return parseClaims(claimsSchema, payload);
}

/** Issuers of v1 tokens stand apart from the authority, and China has its own. */
function v1Issuer(authority: string, tid: string): string {
  const host = authority.endsWith('.cn') ? 'sts.chinacloudapi.cn' : 'sts.windows.net';
  return `https://${host}/${tid}/`;
}

/** Issuer of a tenant’s v2 tokens. */
export function v2Issuer(authority: string, tid: string): string {
  return `${authority}/${tid}/v2.0`;
}

/** @throws AppError `wrong_tenant` */
export function checkTenant(claims: EntraClaims, config: EntraConfig): void {
  if (!config.allowedTenants.includes(claims.tid))
    throw new AppError('wrong_tenant', { detail: `tid ${claims.tid}` });
}

/**
 * The issuer must be the one of the token's own tenant and version, and the key must be published for that tenant:
 * one tenant's key must not vouch for another's token, so with several tenants a key must say whose it is.
 * @throws AppError `wrong_issuer`
 */
export function checkIssuer(claims: EntraClaims, keyIssuer: string | undefined, config: EntraConfig): void {
  const { authority } = config;
  const expected = claims.ver === '2.0' ? v2Issuer(authority, claims.tid) : v1Issuer(authority, claims.tid);
  if (claims.iss !== expected) {
    throw new AppError('wrong_issuer', {
      detail: `iss ${claims.iss}, expected ${expected} for ver ${claims.ver}`,
    });
  }
  const signsFor = keyIssuer?.replace('{tenantid}', claims.tid);
  const mayBeUnnamed = signsFor === undefined && config.allowedTenants.length === 1;
  if (!mayBeUnnamed && signsFor !== v2Issuer(authority, claims.tid)) {
    throw new AppError('wrong_issuer', { detail: `signing key of ${signsFor ?? 'nobody'}` });
  }
}

/** @throws AppError `wrong_audience` */
export function checkAudience(claims: EntraClaims, config: EntraConfig): void {
  if (!config.audiences.includes(claims.aud))
    throw new AppError('wrong_audience', { detail: `aud ${claims.aud}` });
}

/**
 * Tells a user's access token, an application's and an ID token apart. Roles never make a user's token: ID tokens
 * can carry roles too. Where `idtyp` is absent (it is an optional claim), an application's token is known by its
 * subject, which is the application itself.
 * @throws AppError `id_token`
 */
function kindOf(claims: EntraClaims): Principal['kind'] {
  if (claims.nonce !== undefined) throw new AppError('id_token', { detail: 'nonce present' });
  if (claims.scp !== undefined && claims.idtyp !== 'app') return 'user';
  const ofApplication =
    claims.idtyp === undefined &&
    claims.sub === claims.oid &&
    (claims.preferred_username ?? claims.upn) === undefined;
  if (claims.scp === undefined && (claims.idtyp === 'app' || ofApplication)) return 'application';
  throw new AppError('id_token', { detail: 'neither scp nor an application subject' });
}

/**
 * Who the token is for, if it may call this API.
 * @throws AppError `id_token`, `invalid_claims`, `client_not_allowed`, `missing_scope`, `missing_role`
 */
export function toPrincipal(claims: EntraClaims, config: EntraConfig): Principal {
  const kind = kindOf(claims);
  const clientId = (claims.ver === '2.0' ? claims.azp : claims.appid)?.toLowerCase();
  if (clientId === undefined) throw new AppError('invalid_claims', { detail: 'claims: azp or appid' });
  if (config.allowedClientIds.length > 0 && !config.allowedClientIds.includes(clientId)) {
    throw new AppError('client_not_allowed', { detail: `client ${clientId}` });
  }
  const scopes = splitScopes(claims.scp ?? '');
  const roles = claims.roles ?? [];
  if (kind === 'user') requireAny(scopes, config.requiredScopes, 'missing_scope');
  else requireAny(roles, config.requiredAppRoles, 'missing_role');
  const username = claims.preferred_username ?? claims.upn;
  return Object.freeze({
    kind,
    tenantId: claims.tid,
    objectId: claims.oid,
    clientId,
    scopes,
    roles,
    ...(claims.name !== undefined && { name: claims.name }),
    ...(username !== undefined && { username }),
    expiresAt: claims.exp,
  });
}
