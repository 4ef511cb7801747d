import * as z from 'zod';
import { toAppError } from '../errors.ts';
import { nameUser, type AuditEvent } from '../http/audit.ts';
import type { PublicEndpoint, RequestContext } from '../http/endpoint.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { readHolder } from '../oauth/holder.ts';
import type { Revocation } from '../oauth/revocation-endpoint.ts';
import { readClaimedClient } from './sign-in-answers.ts';
import { signInRoutes } from './sign-in-routes.ts';

/** RFC 6749 section 5.2; RFC 7591 section 3.2.2; RFC 7009 section 2.2.1. */
const refusalSchema = z.object({
  error: z.string(),
  error_description: z.string().optional(),
  request_id: z.string().optional(),
});

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

const registeredSchema = z.object({ client_id: z.string() });

const accessTokenSchema = tokenReplySchema.pick({ access_token: true });

/** Whose the tokens are that a refresh gave. */
async function findUser(answer: Response): Promise<string> {
  return nameUser(readHolder(accessTokenSchema.parse(await answer.json()).access_token));
}

/** The form of a client's call, and which client it says that it is; the log says that, too. */
function readForm({ body, annotate }: RequestContext) {
  const form = new URLSearchParams(body);
  const client = readClaimedClient(form);
  annotate({ client });
  return { form, client };
}

/** Why a client was refused, for the log: the answer reaches no operator. In it, the refusal names its request. */
async function explain(
  response: Response,
  { annotate, requestId }: RequestContext,
): Promise<{ readonly answer: Response; readonly reason?: string }> {
  const { status, headers } = response;
  if (status < 400) return { answer: response };
  const { data } = refusalSchema.safeParse(await response.clone().json());
  if (data === undefined) return { answer: response };
  annotate({ error: data.error, detail: data.error_description });
  const answer = Response.json({ ...data, request_id: requestId }, { status, headers });
  return { answer, reason: data.error };
}

/** What is known of an event before its call. */
type Expected = Pick<AuditEvent, 'action' | 'client'>;

/**
 * Answers a call and audits what comes of it.
 * @param describe what there is to say of a success; undefined where that is no event
 */
async function auditCall(
  context: RequestContext,
  expected: Expected,
  call: () => Promise<Response>,
  describe: (answer: Response) => Promise<Partial<AuditEvent> | undefined>,
): Promise<Response> {
  let explained;
  try {
    explained = await explain(await call(), context);
  } catch (error) {
    context.audit({ ...expected, outcome: 'failure', reason: toAppError(error).code });
    throw error;
  }
  const { answer, reason } = explained;
  if (reason !== undefined) context.audit({ ...expected, outcome: 'failure', reason });
  else {
    const more = await describe(answer.clone());
    if (more !== undefined) context.audit({ ...expected, outcome: 'success', ...more });
  }
  return answer;
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
    handle(request, context) {
      const { form, client } = readForm(context);
      const isRefresh = form.get('grant_type') === 'refresh_token';
      return auditCall(
        context,
        { action: isRefresh ? 'refresh' : 'refusal', client },
        () => server.token(request, context.body, addressOf(request)),
        // The code of a sign-in was audited with the sign-in.
        async (answer) => (isRefresh ? { user: await findUser(answer) } : undefined),
      );
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
    handle(request, context) {
      let ended: Revocation['ended'];
      return auditCall(
        context,
        { action: 'revocation', client: readForm(context).client },
        async () => {
          const revocation = await server.revokeToken(request, context.body, addressOf(request));
          ended = revocation.ended;
          return revocation.response;
        },
        () =>
          Promise.resolve(
            ended === undefined ? { outcome: 'failure', reason: 'unknown_token' } : { user: nameUser(ended) },
          ),
      );
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
    handle: (request, context) =>
      auditCall(
        context,
        { action: 'registration' },
        () => server.register(request, context.body, addressOf(request)),
        async (answer) => ({ client: registeredSchema.parse(await answer.json()).client_id }),
      ),
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
