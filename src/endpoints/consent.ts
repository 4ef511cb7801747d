import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { CookieJar } from '../http/cookies.ts';
import type { PublicEndpoint, RequestContext } from '../http/endpoint.ts';
import { createPage } from '../http/html.ts';
import { isLoopback } from '../loopback.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import type { BrowserForms } from '../oauth/browser-form.ts';
import type { ConsentMemory } from '../oauth/consent-memory.ts';
import { describeTarget } from '../oauth/consent-target.ts';
import type { SignInRequest } from '../oauth/interactions.ts';
import type { UpstreamSignIns } from '../oauth/upstream-sign-ins.ts';
import { renderConsent } from './consent-page.ts';
import { describeClient, redirectTo } from './sign-in-answers.ts';
import { signInRoutes } from './sign-in-routes.ts';

export interface ConsentDeps {
  readonly server: Pick<AuthorizationServer, 'findRequest' | 'refuse'>;
  readonly forms: BrowserForms;
  readonly memory: ConsentMemory;
  readonly signIns: UpstreamSignIns;
  readonly openCookies: (request: Request) => CookieJar;
  /** Whose rate limits a request counts against. */
  readonly addressOf: (request: Request) => string;
}

export interface ConsentOptions {
  readonly title: string;
  /** An origin. */
  readonly publicBaseUrl: string;
  /** Entra's sign-in host, ENTRA_AUTHORITY. */
  readonly authority: string;
}

const querySchema = z.object({ request: z.string().min(1).max(200) });
const formSchema = z.object({
  request: z.string().min(1).max(200),
  form: z.string().describe('Proof of the page that was shown'),
  decision: z.enum(['allow', 'deny']),
  remember: z.literal('on').optional(),
});

/**
 * Where the form may lead: Chromium applies `form-action` to every redirect after it. Entra sends people on to sign-in
 * pages of their own company, all of them https, and at the end there is the client.
 */
function listFormActions({ redirectUri }: SignInRequest, authority: string): readonly string[] {
  const local = isLoopback(new URL(authority)) ? [new URL(authority).origin] : [];
  return [...new Set(["'self'", 'https:', ...local, describeTarget(redirectUri).source])];
}

function subjectOf(requestId: string): string {
  return `consent.${requestId}`;
}

const docs: PublicEndpoint['docs'] = {
  summary: 'Asks the person whether a client may use this server',
  description: 'GET shows the page, POST is its form.',
  query: querySchema.partial(),
  request: { schema: formSchema, mediaType: 'application/x-www-form-urlencoded' },
  refusals: ['invalid_request', 'sign_in_expired', 'form_not_ours'],
  responses: {
    200: { description: 'The page', mediaType: 'text/html' },
    303: { description: 'To Microsoft Entra, or back to the client when the person denies' },
  },
};

async function showPage(
  request: SignInRequest,
  { forms, memory }: ConsentDeps,
  cookies: CookieJar,
  options: ConsentOptions,
): Promise<Response> {
  const field = await forms.issue(subjectOf(request.id), cookies);
  const page = await createPage({
    title: `Sign in to ${options.title}`,
    body: renderConsent({ request, server: options, field, offersToRemember: memory.offers(request) }),
    formAction: listFormActions(request, options.authority),
  });
  return cookies.addTo(page);
}

/** `/auth/consent`: the page, and the decision that is posted from it. Only Allow begins a sign-in at Entra. */
export function createConsentEndpoint(deps: ConsentDeps, options: ConsentOptions): PublicEndpoint {
  const { server, forms, memory, signIns, openCookies, addressOf } = deps;

  async function find(id: string, request: Request, context: RequestContext): Promise<SignInRequest> {
    const asked = await server.findRequest(id, addressOf(request));
    if (asked === undefined) throw new AppError('sign_in_expired');
    context.annotate(describeClient(asked));
    return asked;
  }

  async function decide(request: Request, context: RequestContext): Promise<Response> {
    const cookies = openCookies(request);
    const posted = new URLSearchParams(context.body);
    // The page has each field once: of two, nobody could tell which a person has seen.
    if (new Set(posted.keys()).size < posted.size)
      throw new AppError('form_not_ours', { detail: 'a field twice' });
    const fields = Object.fromEntries(posted);
    const site = request.headers.get('sec-fetch-site');
    const browser = await forms.check(subjectOf(fields.request ?? ''), { field: fields.form, cookies, site });
    const form = formSchema.safeParse(fields);
    if (!form.success) throw new AppError('invalid_request', { detail: 'the consent form' });
    const { decision, remember, request: id } = form.data;
    const asked = await find(id, request, context);
    const event = { action: 'consent', ...describeClient(asked) } as const;
    if (decision === 'deny') {
      const ending = { error: 'access_denied', description: 'The person denied the request.' } as const;
      const { response } = await server.refuse(id, ending, addressOf(request));
      context.audit({ ...event, outcome: 'failure', reason: 'denied' });
      return redirectTo(response.headers.get('location') ?? '/');
    }
    if (remember === 'on' && memory.offers(asked)) await memory.remember(browser, asked);
    const atEntra = await signIns.begin(asked, cookies);
    context.audit({ ...event, outcome: 'success' });
    return cookies.addTo(redirectTo(atEntra));
  }

  return {
    ...signInRoutes.consent,
    docs,
    async handle(request, context) {
      if (request.method === 'POST') return decide(request, context);
      const query = querySchema.safeParse(Object.fromEntries(new URL(request.url).searchParams));
      if (!query.success) throw new AppError('sign_in_expired');
      return showPage(await find(query.data.request, request, context), deps, openCookies(request), options);
    },
  };
}
