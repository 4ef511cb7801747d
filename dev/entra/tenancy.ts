import type { KoaContextWithOIDC } from 'oidc-provider';
import { tenants } from './directory.ts';
import type { Application } from './directory.ts';
import { EntraRefusal } from './refusals.ts';

/** Answers one path of Entra; `tenant` is the path's first segment: a tenant id, `organizations` or `common`. */
export type Endpoint = (
  ctx: KoaContextWithOIDC,
  tenant: string,
  next: () => Promise<unknown>,
) => Promise<void> | void;

const sharedSegments = ['common', 'organizations'];
const tenantIds: readonly string[] = Object.values(tenants).map(({ id }) => id);

/** A path without a tenant of its own: the account that signs in decides. */
export function isShared(tenant: string): boolean {
  return sharedSegments.includes(tenant);
}

/** @throws EntraRefusal when there is no such tenant. */
export function requireTenant(tenant: string): void {
  if (!isShared(tenant) && !tenantIds.includes(tenant)) throw new EntraRefusal('tenantUnknown', tenant);
}

export function admits(tenant: string, tenantId: string): boolean {
  return isShared(tenant) || tenant === tenantId;
}

/** @throws EntraRefusal when the application has no service principal in the tenant of the path. */
export function requireApplicationIn(tenant: string, app: Application): void {
  if (!isShared(tenant) && app.servicePrincipals[tenant] === undefined) {
    throw new EntraRefusal('applicationUnknown', app.id);
  }
}

/** The tenant segment of the request, also where oidc-provider sees a path without it. */
export function tenantOf(ctx: KoaContextWithOIDC): string {
  return ctx.originalUrl.split('/')[1] ?? '';
}
