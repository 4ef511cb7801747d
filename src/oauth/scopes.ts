/** What an MCP client may ask for: the required scopes of the API, under every name that the API has. */
export interface ScopePolicy {
  /** Short names, as in `scp`. */
  readonly requiredScopes: readonly string[];
  /** App ID URIs and GUIDs of the API. */
  readonly audiences: readonly string[];
}

/** A scope without the API in front: `api://app/access_as_user` → `access_as_user`. */
function shorten(scope: string, audiences: readonly string[]): string {
  const lowerCase = scope.toLowerCase();
  const prefix = audiences
    .map((audience) => `${audience.toLowerCase().replace(/\/$/, '')}/`)
    .find((start) => lowerCase.startsWith(start));
  return prefix === undefined ? scope : scope.slice(prefix.length);
}

/**
 * A client's `scope` parameter as the short names that are in force for it, in the order of the policy. What is not a
 * scope of this API is left out: clients send names of their own, and OpenID Connect's. `.default`, and a request in
 * which nothing is left, stand for all (RFC 6749 section 3.3 lets the server decide).
 */
export function mapScopes(
  scope: string | undefined,
  { requiredScopes, audiences }: ScopePolicy,
): readonly string[] {
  const asked = new Set((scope ?? '').split(/\s+/).map((name) => shorten(name, audiences)));
  if (asked.has('.default')) return requiredScopes;
  const known = requiredScopes.filter((name) => asked.has(name));
  return known.length === 0 ? requiredScopes : known;
}
