import * as z from 'zod';
import { AppError, describeError, toAppError } from '../errors.ts';
import { nameUser } from '../http/audit.ts';
import type { CookieJar } from '../http/cookies.ts';
import type { PublicEndpoint, RequestContext } from '../http/endpoint.ts';
import { describeFailure } from '../http/failure-fields.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { UpstreamRefusal, type EntraClient } from '../oauth/entra-client.ts';
import type { EndedRequest, SignInEnding } from '../oauth/interactions.ts';
import type { UpstreamSignIns } from '../oauth/upstream-sign-ins.ts';
import { redirectTo } from './sign-in-answers.ts';
import { signInRoutes } from './sign-in-routes.ts';

export interface CallbackDeps {
  readonly server: Pick<AuthorizationServer, 'approve' | 'refuse'>;
  readonly entra: EntraClient;
  readonly signIns: UpstreamSignIns;
  readonly openCookies: (request: Request) => CookieJar;
  /** Whose rate limits a request counts against. */
  readonly addressOf: (request: Request) => string;
}

/** What of RFC 6749 section 4.1.2 Entra sends. */
const querySchema = z.object({
  state: z.string().min(1).max(500),
  code: z.string().optional(),
  error: z.string().optional(),
});

/** What the client is told of a failure: RFC 6749 section 4.1.2.1 has its words, and no double quotes in the text. */
function describeEnding(error: unknown): SignInEnding {
  if (error instanceof UpstreamRefusal) {
    return { error: 'access_denied', description: 'Microsoft Entra did not sign the person in.' };
  }
  if (!(error instanceof AppError)) {
    return { error: 'server_error', description: describeError('internal_error').message };
  }
  const { status, message } = describeError(error.code);
  const description = message.replaceAll('"', "'");
  if (status === 401 || status === 403) return { error: 'access_denied', description };
  return { error: status === 503 ? 'temporarily_unavailable' : 'server_error', description };
}

function logEnding(error: unknown, context: RequestContext): void {
  if (error instanceof UpstreamRefusal) context.annotate({ error: error.code, detail: error.detail });
  else if (error instanceof AppError) context.annotate(describeFailure(error));
  else context.report(error);
}

/** Why, in codes. */
function reasonOf(error: unknown): string {
  return error instanceof UpstreamRefusal ? error.detail : toAppError(error).code;
}

/** The redirect to the client: with a code, or with why there is none. */
async function complete(
  { server, entra, signIns }: CallbackDeps,
  query: URLSearchParams,
  cookies: CookieJar,
  address: string,
  context: RequestContext,
): Promise<Response> {
  const state = query.get('state') ?? '';
  const { requestId, nonce, codeVerifier } = await signIns.claim(state, cookies);
  const event = { action: 'sign_in', outcome: 'failure' } as const;
  let user: string | undefined;
  try {
    const tokens = await entra.redeem(query, { state, nonce, codeVerifier });
    user = nameUser(tokens.account);
    const { response, clientId: client } = await server.approve(requestId, tokens, address);
    context.audit({ ...event, outcome: 'success', user, client });
    return response;
  } catch (error) {
    const reason = reasonOf(error);
    let failure = error;
    let told: EndedRequest | undefined;
    // Otherwise there is nobody to tell any more.
    if (reason !== 'sign_in_expired') {
      logEnding(error, context);
      told = await server.refuse(requestId, describeEnding(error), address).catch((refusal: unknown) => {
        // The person is told the cause, where it is one for people.
        failure = error instanceof AppError ? error : refusal;
        return undefined;
      });
    }
    context.audit({ ...event, user, client: told?.clientId, reason });
    if (told === undefined) throw failure;
    return told.response;
  }
}

/** `/auth/callback`: Entra sends the person back here. They go on to the client with a code, or with why there is none. */
export function createCallbackEndpoint(deps: CallbackDeps): PublicEndpoint {
  const { openCookies, addressOf } = deps;
  return {
    ...signInRoutes.callback,
    docs: {
      summary: 'Where Microsoft Entra sends the person back to',
      query: querySchema,
      refusals: ['sign_in_expired', 'wrong_browser'],
      responses: {
        303: { description: 'Back to the client, with a code or an error, and `iss` (RFC 9207)' },
      },
    },
    async handle(request, context) {
      const { searchParams } = new URL(request.url);
      // Twice the same parameter: which was meant cannot be told (RFC 6749 section 3.1).
      const isClear = new Set(searchParams.keys()).size === searchParams.size;
      if (!isClear || !querySchema.safeParse(Object.fromEntries(searchParams)).success) {
        throw new AppError('sign_in_expired', { detail: 'parameters of the callback' });
      }
      const cookies = openCookies(request);
      const response = await complete(deps, searchParams, cookies, addressOf(request), context);
      return cookies.addTo(redirectTo(response.headers.get('location') ?? '/'));
    },
  };
}
