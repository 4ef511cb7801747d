/** What a client learns that was given the URL of the MCP endpoint and nothing else. */
export interface Discovery {
  readonly resource: string;
  readonly scope: string;
  readonly issuer: string;
  readonly registrationEndpoint: string;
  /** RFC 8414. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

async function fetchJson(url: URL | string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${String(url)}: ${response.status}`);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** From the challenge of a 401 to both metadata documents (RFC 9728 section 5, RFC 8414 section 3). */
export async function discover(mcpUrl: URL): Promise<Discovery> {
  const refused = await fetch(mcpUrl, { method: 'POST', body: '{}' });
  const challenge = refused.headers.get('www-authenticate') ?? '';
  const [, resourceMetadata = ''] = /resource_metadata="([^"]*)"/.exec(challenge) ?? [];
  const described = await fetchJson(resourceMetadata);
  const [issuer = ''] = described.authorization_servers as string[];
  const [scope = ''] = described.scopes_supported as string[];
  const metadata = await fetchJson(new URL('/.well-known/oauth-authorization-server', issuer));
  return {
    resource: String(described.resource),
    scope,
    issuer: String(metadata.issuer),
    registrationEndpoint: String(metadata.registration_endpoint),
    metadata,
  };
}
