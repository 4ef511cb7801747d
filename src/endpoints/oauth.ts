import * as z from 'zod';
import type { PublicEndpoint, RequestContext } from '../http/endpoint.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { signInRoutes } from './sign-in-routes.ts';

/** RFC 6749 section 5.2; RFC 7591 section 3.2.2; RFC 7009 section 2.2.1. */
const refusalSchema = z.object({ error: z.string(), error_description: z.string().optional() });

const tokenRequestSchema = z.object({
  grant_type: z.enum(['authorization_code', 'refresh_token']),
  client_id: z.string(),
  code: z.string().optional(),
  code_verifier: z.string().optional(),
  redirect_uri: z.string().optional(),
  refresh_token: z.string().optional(),
  resource: z.url().optional(),
  scope: z.string().optional(),
});

const tokenReplySchema = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  refresh_token: z.string().optional(),
  scope: z.string(),
});

const registrationSchema = z.looseObject({
  redirect_uris: z.array(z.string()),
  client_name: z.string().optional(),
});

function annotateClient({ body, annotate }: RequestContext): void {
  const client = new URLSearchParams(body).get('client_id');
  if (client !== null) annotate({ client: client.slice(0, 200) });
}

/** The log says why a client was refused, and which: the answer reaches no operator. */
async function explain(response: Response, { annotate }: RequestContext): Promise<Response> {
  if (response.status < 400) return response;
  const { data } = refusalSchema.safeParse(await response.clone().json());
  if (data !== undefined) annotate({ error: data.error, detail: data.error_description });
  return response;
}

export interface OAuthEndpointsOptions {
  readonly server: AuthorizationServer;
  /** Whose rate limits a request counts against. */
  readonly addressOf: (request: Request) => string;
  /** Whether clients may register themselves. */
  readonly registration: boolean;
}

function createTokenEndpoint({ server, addressOf }: OAuthEndpointsOptions): PublicEndpoint {
  return {
    ...signInRoutes.token,
    docs: {
      summary: 'Token endpoint (RFC 6749 section 3.2)',
      request: { schema: tokenRequestSchema, mediaType: 'application/x-www-form-urlencoded' },
      refusals: ['unsupported_form', 'invalid_target', 'client_metadata_unavailable', 'rate_limited'],
      responses: {
        200: { description: 'Tokens of this server', schema: tokenReplySchema },
        400: { description: 'A refusal in RFC 6749’s words', schema: refusalSchema },
        401: { description: 'The client is not known, or did not prove itself', schema: refusalSchema },
      },
    },
    async handle(request, context) {
      annotateClient(context);
      return explain(await server.token(request, context.body, addressOf(request)), context);
    },
  };
}

function createRevocationEndpoint({ server, addressOf }: OAuthEndpointsOptions): PublicEndpoint {
  return {
    ...signInRoutes.revoke,
    docs: {
      summary: 'Token revocation (RFC 7009)',
      description: 'Either token ends the whole sign-in of this client.',
      request: {
        schema: z.object({ token: z.string(), client_id: z.string() }),
        mediaType: 'application/x-www-form-urlencoded',
      },
      refusals: ['client_metadata_unavailable', 'rate_limited'],
      responses: {
        200: { description: 'The token is no longer valid, or never was one of this client' },
        400: { description: 'The request is malformed', schema: refusalSchema },
        401: { description: 'The client is not known, or did not prove itself', schema: refusalSchema },
      },
    },
    async handle(request, context) {
      annotateClient(context);
      return explain(await server.revokeToken(request, context.body, addressOf(request)), context);
    },
  };
}

function createRegistrationEndpoint({ server, addressOf }: OAuthEndpointsOptions): PublicEndpoint {
  return {
    ...signInRoutes.register,
    docs: {
      summary: 'Dynamic Client Registration (RFC 7591)',
      request: { schema: registrationSchema },
      refusals: ['invalid_client_metadata', 'invalid_redirect_uri', 'rate_limited'],
      responses: {
        201: { description: 'The client, with the metadata that is in force', schema: registrationSchema },
      },
    },
    handle: async (request, context) =>
      explain(await server.register(request, context.body, addressOf(request)), context),
  };
}

/** What clients call without a browser. */
export function createOAuthEndpoints(options: OAuthEndpointsOptions): readonly PublicEndpoint[] {
  return [
    createTokenEndpoint(options),
    createRevocationEndpoint(options),
    ...(options.registration ? [createRegistrationEndpoint(options)] : []),
  ];
}
