/** Bare JSON-RPC over HTTP, for what a well-behaved client never sends. */
export interface RawMcp {
  /** Sends any request to `/mcp`. */
  send(init: RequestInit): Promise<Response>;
  /** Posts a body as JSON, as a 2025 client would. */
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Posts one 2026-07-28 request: its envelope in `_meta` beside what is there, its headers in agreement with the body. */
  modern(
    method: string,
    params?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Response>;
}

export function createRawMcp(url: URL, token: string): RawMcp {
  const send: RawMcp['send'] = ({ headers, ...init }) =>
    fetch(url, {
      ...init,
      headers: {
        Authorization: `Bearer ${token}`,
        Accept: 'application/json, text/event-stream',
        ...(headers as Record<string, string> | undefined),
      },
    });
  const post: RawMcp['post'] = (body, headers) =>
    send({
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return {
    send,
    post,
    modern(method, params = {}, headers = {}) {
      const version = '2026-07-28';
      const _meta = {
        'io.modelcontextprotocol/protocolVersion': version,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'raw-client', version: '1' },
      };
      const name = params.name ?? params.uri;
      return post(
        {
          jsonrpc: '2.0',
          id: 1,
          method,
          params: { ...params, _meta: { ..._meta, ...(params._meta as object) } },
        },
        {
          'MCP-Protocol-Version': version,
          'Mcp-Method': method,
          ...(typeof name === 'string' && { 'Mcp-Name': name }),
          ...headers,
        },
      );
    },
  };
}
