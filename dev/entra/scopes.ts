import { apps, resources } from './directory.ts';
import type { Resource } from './directory.ts';
import { EntraRefusal } from './refusals.ts';

const openIdScopes = ['openid', 'profile', 'email', 'offline_access'];

export interface DelegatedScopes {
  /** Scopes of OpenID Connect itself. */
  readonly openid: readonly string[];
  /** The APIs that the scope names, each with the short names asked for. Never empty. */
  readonly apis: readonly { readonly resource: Resource; readonly names: readonly string[] }[];
}

function findResource(identifier: string): Resource {
  const found = resources.find(({ id, api }) => api.identifierUri === identifier || id === identifier);
  if (found === undefined) throw new EntraRefusal('resourceUnknown', identifier);
  return found;
}

/** `{resource}/{name}`; a bare name belongs to Microsoft Graph. */
function splitScope(scope: string): { resource: Resource; name: string } {
  const slash = scope.lastIndexOf('/');
  const resource: Resource = slash === -1 ? apps.graph : findResource(scope.slice(0, slash));
  const name = scope.slice(slash + 1);
  if (name !== '.default' && !resource.api.scopes.includes(name))
    throw new EntraRefusal('scopeUnknown', scope);
  return { resource, name };
}

/**
 * What a user is asked to grant.
 * @throws EntraRefusal when the scope has a form that Entra refuses or names what does not exist.
 */
export function resolveDelegatedScopes(scope: string): DelegatedScopes {
  const requested = [...new Set(scope.split(' ').filter((item) => item !== ''))];
  const openid = requested.filter((item) => openIdScopes.includes(item));
  const rest = requested.filter((item) => !openIdScopes.includes(item)).map(splitScope);
  if (rest.length === 0) {
    if (!openid.some((item) => item !== 'offline_access')) throw new EntraRefusal('scopeInvalid', scope);
    return { openid, apis: [{ resource: apps.graph, names: [] }] };
  }
  if (rest.length > 1 && rest.some(({ name }) => name === '.default')) {
    throw new EntraRefusal('scopeInvalid', scope);
  }
  const named = [...new Set(rest.map(({ resource }) => resource))];
  return {
    openid,
    apis: named.map((resource) => ({
      resource,
      names: rest
        .filter((item) => item.resource === resource)
        .flatMap(({ name }) => (name === '.default' ? resource.api.scopes : [name])),
    })),
  };
}

/**
 * The API that an application asks an app-only token for.
 * @throws EntraRefusal unless the scope is exactly `{resource}/.default`.
 */
export function resolveApplicationScope(scope: string): Resource {
  if (scope.includes(' ')) throw new EntraRefusal('scopeInvalid', scope);
  if (!scope.endsWith('/.default')) throw new EntraRefusal('scopeNotDefault', scope);
  return findResource(scope.slice(0, -'/.default'.length));
}

/**
 * Entra's v2 endpoints take the resource from the scope and from nothing else (RFC 8707 is not for them).
 * @throws EntraRefusal when there is a `resource` parameter.
 */
export function refuseResourceParameter(parameters: URLSearchParams): void {
  const resource = parameters.get('resource');
  if (resource === null) return;
  const scope = parameters.get('scope') ?? '';
  throw new EntraRefusal(
    scope === '' || scope.includes(resource) ? 'resourceUnsupported' : 'resourceMismatch',
  );
}
