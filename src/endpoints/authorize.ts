import { html } from 'hono/html';
import * as z from 'zod';
import { createErrorPage } from '../http/error-page.ts';
import type { PublicEndpoint, RequestContext } from '../http/endpoint.ts';
import type { CookieJar } from '../http/cookies.ts';
import { createPage } from '../http/html.ts';
import { isLoopback } from '../loopback.ts';
import { consentPath } from '../oauth/authorization-request.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import type { Browsers } from '../oauth/browser.ts';
import type { ConsentMemory } from '../oauth/consent-memory.ts';
import { describeTarget } from '../oauth/consent-target.ts';
import type { SignInRequest } from '../oauth/interactions.ts';
import type { UpstreamSignIns } from '../oauth/upstream-sign-ins.ts';
import { describeClient, readClaimedClient, redirectTo } from './sign-in-answers.ts';
import { signInRoutes } from './sign-in-routes.ts';

export interface AuthorizeDeps {
  readonly server: Pick<AuthorizationServer, 'authorize' | 'findRequest'>;
  readonly browsers: Browsers;
  readonly memory: ConsentMemory;
  readonly signIns: UpstreamSignIns;
  readonly openCookies: (request: Request) => CookieJar;
  /** Whose rate limits a request counts against. */
  readonly addressOf: (request: Request) => string;
}

/** RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2. */
const querySchema = z.object({
  response_type: z.literal('code'),
  client_id: z.string(),
  redirect_uri: z.string(),
  code_challenge: z.string(),
  code_challenge_method: z.literal('S256'),
  state: z.string().optional(),
  scope: z.string().optional(),
  resource: z.string().optional(),
});

const oauthErrorSchema = z.object({ error: z.string(), error_description: z.string().optional() });

const reconnect =
  'This server does not know the application that sent you, or no longer. In the application, remove the connection to this server and add it again: it then registers anew.';
const wrongRedirect =
  'The application asks to be answered at an address that it did not register, so nothing was sent there. In the application, remove the connection to this server and add it again.';
const malformed =
  'The application sent a sign-in request that this server cannot accept. Go back to the application and start again; if it happens again, the application has to be updated.';

function explain(error: string): string {
  if (error === 'invalid_client') return reconnect;
  return error === 'invalid_redirect_uri' ? wrongRedirect : malformed;
}

function auditRefusal(request: Request, reason: string, context: RequestContext): void {
  const client = readClaimedClient(new URL(request.url).searchParams);
  context.annotate({ error: reason });
  context.audit({ action: 'refusal', outcome: 'failure', client, reason });
}

/** The authorization server's refusal as a page: nobody is sent to an address that is not known to be the client's. */
async function showRefusal(request: Request, response: Response, context: RequestContext): Promise<Response> {
  const { error, error_description } = oauthErrorSchema.parse(await response.json());
  auditRefusal(request, error, context);
  const page = await createErrorPage({
    status: response.status,
    message: explain(error),
    requestId: context.requestId,
    detail: [error, error_description?.slice(0, 300)].filter((part) => part !== undefined).join(': '),
  });
  const retryAfter = response.headers.get('retry-after');
  if (retryAfter !== null) page.headers.set('Retry-After', retryAfter);
  return page;
}

/**
 * A refusal that the client is to be told, at the person's click: anybody can register an address, and nobody is to be
 * sent there by a mere link to this server (RFC 9700 section 4.11.2). On a loopback address nobody else is reached.
 */
function showWayBack(location: string, error: string, context: RequestContext): Promise<Response> {
  return createPage({
    title: 'Not signed in',
    status: 400,
    body: html`
      <main>
        <h1>Not signed in</h1>
        <p class="lead">The application asked for something that this server does not give.</p>
        <p>
          <a href="${location}">Back to ${describeTarget(location).name}</a>, if that is where you came from.
        </p>
      </main>
      <footer>
        <p>Error: <code>${error}</code><br />Request id: <code>${context.requestId}</code></p>
      </footer>
    `,
  });
}

/**
 * Whether the person came here by themselves or from this server's own page, as their browser says (Fetch Metadata): a
 * browser that does not say so, and a page of somebody else's, get no answer without the person.
 */
function cameByThemselves(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  return site === 'none' || site === 'same-origin';
}

/** `/auth/authorize` (RFC 6749 section 3.1): to the consent page, or past it where consent was given before. */
export function createAuthorizeEndpoint(deps: AuthorizeDeps): PublicEndpoint {
  const { server, browsers, memory, signIns, openCookies, addressOf } = deps;

  async function needsNoQuestion(asked: SignInRequest, cookies: CookieJar): Promise<boolean> {
    if (asked.hints.prompt?.split(' ').includes('consent') === true) return false;
    // Its answer stays here: there is nobody to be asked about.
    if (asked.client.kind === 'own') return true;
    const browser = await browsers.recognize(cookies);
    return browser !== undefined && (await memory.recalls(browser, asked));
  }

  async function proceed(request: Request, location: string, context: RequestContext): Promise<Response> {
    const toConsent = redirectTo(location);
    const id = new URL(location, request.url).searchParams.get('request');
    const asked = id === null ? undefined : await server.findRequest(id, addressOf(request));
    if (asked === undefined) return toConsent;
    context.annotate(describeClient(asked));
    const cookies = openCookies(request);
    if (!cameByThemselves(request) || !(await needsNoQuestion(asked, cookies))) return toConsent;
    const atEntra = await signIns.begin(asked, cookies);
    const event = { action: 'consent', outcome: 'success', reason: 'remembered' } as const;
    // Of this server's own page nobody is asked.
    if (asked.client.kind !== 'own') context.audit({ ...event, ...describeClient(asked) });
    return cookies.addTo(redirectTo(atEntra));
  }

  return {
    ...signInRoutes.authorize,
    docs: {
      summary: 'Authorization endpoint (RFC 6749)',
      description: 'Where an MCP client sends the browser: to the consent page and to Microsoft Entra.',
      query: querySchema,
      refusals: ['invalid_request', 'rate_limited', 'client_metadata_unavailable'],
      responses: {
        303: { description: 'To the consent page, or back to a client on loopback with an error' },
        400: {
          description:
            'The client or its redirect URI is not known, or the client is told an error at a click',
          mediaType: 'text/html',
        },
      },
    },
    async handle(request, context) {
      const response = await server.authorize(request, addressOf(request));
      const location = response.headers.get('location');
      if (location === null) return showRefusal(request, response, context);
      if (location.startsWith(`${consentPath}?`)) return proceed(request, location, context);
      const target = new URL(location);
      const error = target.searchParams.get('error') ?? '';
      auditRefusal(request, error, context);
      return isLoopback(target) ? redirectTo(location) : showWayBack(location, error, context);
    },
  };
}
