/**
 * A `.vscode/mcp.json` for a server. With `asksForToken` VS Code asks for it once and keeps it in its own secret store;
 * without, it signs in by itself: at this server's authorization server, or at Microsoft Entra.
 */
export function createVsCodeConfig(
  name: string,
  url: string,
  { asksForToken }: { readonly asksForToken: boolean },
): object {
  const server = { type: 'http', url };
  if (!asksForToken) return { servers: { [name]: server } };
  const token = {
    type: 'promptString',
    id: 'mcp-token',
    description: 'Access token (on a laptop: npm run --silent token)',
    password: true,
  };
  const headers = { Authorization: 'Bearer ${input:mcp-token}' };
  return { inputs: [token], servers: { [name]: { ...server, headers } } };
}
