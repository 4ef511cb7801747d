import * as z from 'zod';
import type { Principal } from '../auth/principal.ts';
import { AppError, describeError } from '../errors.ts';
import { nameUser } from '../http/audit.ts';
import type { CookieJar } from '../http/cookies.ts';
import type { PublicEndpoint, RequestContext } from '../http/endpoint.ts';
import { createErrorPage } from '../http/error-page.ts';
import { createPage } from '../http/html.ts';
import type { BrowserForms } from '../oauth/browser-form.ts';
import type { SignInAnswer, SignInSessions } from '../oauth/sign-in-session.ts';
import { renderLogin } from './login-page.ts';
import { redirectTo } from './sign-in-answers.ts';
import { signInRoutes } from './sign-in-routes.ts';

export interface LoginDeps {
  readonly sessions: SignInSessions;
  readonly forms: BrowserForms;
  /** @throws AppError where the token is not, or not any more, one of this server's */
  readonly verify: (token: string) => Promise<Principal>;
  readonly openCookies: (request: Request) => CookieJar;
  readonly addressOf: (request: Request) => string;
}

export interface LoginOptions {
  readonly title: string;
  /** An origin. */
  readonly publicBaseUrl: string;
}

/** RFC 6749 section 4.1.2. */
const answerSchema = z.object({
  state: z.string().optional(),
  code: z.string().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
});
const formSchema = z.object({ form: z.string().describe('Proof of the page that was shown') });

const logoutSubject = 'logout';

/** The person denied, or Entra did, or something does not answer. */
function showFailure(
  answer: Exclude<SignInAnswer, { token: string }>,
  context: RequestContext,
): Promise<Response> {
  context.annotate({ error: answer.error });
  const isDenied = answer.error === 'access_denied';
  return createErrorPage({
    status: isDenied ? 403 : 503,
    message: answer.description === '' ? describeError('entra_unavailable').message : answer.description,
    requestId: context.requestId,
    detail: answer.error,
  });
}

function createLogoutEndpoint({ sessions, forms, openCookies }: LoginDeps): PublicEndpoint {
  return {
    ...signInRoutes.logout,
    docs: {
      summary: 'Signs out of /auth/login',
      description: 'Ends the token that the page showed. Other clients stay signed in.',
      request: { schema: formSchema, mediaType: 'application/x-www-form-urlencoded' },
      refusals: ['form_not_ours'],
      responses: { 303: { description: 'To the landing page' } },
    },
    async handle(request, { body, audit }) {
      const cookies = openCookies(request);
      const field = new URLSearchParams(body).get('form') ?? undefined;
      await forms.check(logoutSubject, { field, cookies, site: request.headers.get('sec-fetch-site') });
      const ended = await sessions.end(cookies);
      const event = { action: 'revocation', outcome: 'success' } as const;
      if (ended !== undefined) audit({ ...event, user: nameUser(ended), client: ended.clientId });
      return cookies.addTo(redirectTo('/'));
    },
  };
}

async function showPage(
  signedIn: { readonly token: string; readonly principal: Principal },
  { forms }: LoginDeps,
  cookies: CookieJar,
  options: LoginOptions,
): Promise<Response> {
  const field = await forms.issue(logoutSubject, cookies);
  const body = renderLogin({ ...signedIn, server: options, field });
  const page = await createPage({ title: `Signed in to ${options.title}`, body, formAction: ["'self'"] });
  return cookies.addTo(page);
}

function createLoginEndpoint(deps: LoginDeps, options: LoginOptions): PublicEndpoint {
  const { sessions, verify, openCookies, addressOf } = deps;

  /** Undefined when nobody is signed in, or not any more. */
  async function findSignedIn(cookies: CookieJar) {
    const token = await sessions.find(cookies);
    if (token === undefined) return undefined;
    try {
      return { token, principal: await verify(token) };
    } catch (error) {
      if (error instanceof AppError && describeError(error.code).status === 401) return undefined;
      throw error;
    }
  }

  async function complete(request: Request, context: RequestContext, cookies: CookieJar): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const answer = await sessions.complete(searchParams, cookies, addressOf(request));
    if ('error' in answer) return cookies.addTo(await showFailure(answer, context));
    // A token that this server would not take itself must not send the browser round in circles.
    await verify(answer.token);
    await sessions.keep(answer.token, cookies);
    return cookies.addTo(redirectTo('/auth/login'));
  }

  return {
    ...signInRoutes.login,
    docs: {
      summary: 'Signs a person in, in a browser, and shows who they are and a token to paste',
      query: answerSchema,
      refusals: ['wrong_browser', 'sign_in_expired'],
      responses: {
        200: { description: 'The page', mediaType: 'text/html' },
        303: { description: 'To sign in, or to this page without what came with the answer' },
      },
    },
    async handle(request, context) {
      const cookies = openCookies(request);
      const { searchParams } = new URL(request.url);
      if (searchParams.has('code') || searchParams.has('error')) return complete(request, context, cookies);
      const signedIn = await findSignedIn(cookies);
      if (signedIn !== undefined) return showPage(signedIn, deps, cookies, options);
      return cookies.addTo(redirectTo(await sessions.begin(cookies)));
    },
  };
}

/** `/auth/login` and `/auth/logout`: this server tried out in a browser, without an MCP client. */
export function createLoginEndpoints(deps: LoginDeps, options: LoginOptions): readonly PublicEndpoint[] {
  return [createLoginEndpoint(deps, options), createLogoutEndpoint(deps)];
}
