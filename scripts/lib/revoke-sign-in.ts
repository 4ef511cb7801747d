import { discoverOAuthServerInfo } from '@modelcontextprotocol/client';
import * as oauth from 'oauth4webapi';
import * as z from 'zod';
import { createOAuthOptions } from './oauth-options.ts';
import type { SignIn } from './sign-in-file.ts';
import { reach } from './unreachable.ts';

const serverSchema = z.object({ issuer: z.string(), revocation_endpoint: z.url() });

/**
 * Tells the authorization server (RFC 7009) where it listens to that; the refresh token stands for the whole sign-in.
 * Whether it was told.
 */
export async function revokeSignIn(mcpUrl: URL, { client, tokens }: SignIn): Promise<boolean> {
  const { authorizationServerMetadata } = await discoverOAuthServerInfo(mcpUrl, { fetchFn: reach });
  const { data: server } = serverSchema.safeParse(authorizationServerMetadata);
  // Tokens are shown to nobody but who issued them.
  if (client === undefined || server === undefined || server.issuer !== tokens?.issuer) return false;
  const response = await oauth.revocationRequest(
    server,
    { client_id: client.client_id },
    oauth.None(),
    tokens.refresh_token ?? tokens.access_token,
    createOAuthOptions(server.revocation_endpoint),
  );
  await oauth.processRevocationResponse(response);
  return true;
}
