import { expect } from '@jest/globals';
import type { Visit } from '../../../dev/oauth-client/http-browser.ts';
import {
  createAuthorizationRequest,
  passwordOf,
  registerClient,
  type UserName,
} from '../../../dev/oauth-client/raw-oauth.ts';
import { entraOrigin, signInAtEntra } from '../../support/sign-in-steps.ts';
import type { Step } from './command.ts';
import { expectDenial, expectRefusal } from './expectations.ts';
import {
  pick,
  rememberedAs,
  type Asked,
  type Browser,
  type Client,
  type ConsentPage,
  type Model,
  type Real,
  type SignIn,
  type Waiting,
} from './model.ts';

/** Of a tenant that Entra signs in and the server does not let in. */
export const unwelcome: UserName = 'carol';
/** Who sits in front of a browser; mostly somebody who is let in. */
const people: readonly UserName[] = [unwelcome, 'bob', 'alice', 'bob', 'alice'];

/** Sign-ins of one browser that may be under way. */
const mostUnderWay = 5;

/** How every client's address begins, and nothing of this machine: no browser goes there. */
export const clientsBegin = 'https://';

export async function register(base: string, name: string): Promise<Client> {
  const redirectUris = ['a', 'b'].map((end) => `${clientsBegin}${name}.example.com/${end}`);
  const { clientId } = await registerClient(base, { client_name: name, redirect_uris: redirectUris });
  const [first = '', second = ''] = redirectUris;
  return { clientId, name, redirectUris: [first, second] };
}

export function jarOf({ http }: Browser, { cluster }: Real): ReadonlyMap<string, string> {
  return new Map(http.cookies.get(cluster.url));
}

/** An Allow has led to Entra: the sign-in is this browser's from now on. */
function begin(
  waiting: Waiting,
  browser: Browser,
  { atEntra, cookiesBefore }: Pick<SignIn, 'atEntra' | 'cookiesBefore'>,
  model: Model,
  real: Real,
): SignIn {
  expect(atEntra.href.startsWith(entraOrigin())).toBe(true);
  const fresh = [...jarOf(browser, real)].filter(
    ([name]) => name.startsWith('mcp-sign-in-') && !cookiesBefore.has(name),
  );
  const [cookie = ['', '']] = fresh;
  expect(fresh).toHaveLength(1);
  const signIn: SignIn = {
    waiting,
    browser,
    atEntra,
    cookiesBefore,
    cookie,
    answer: undefined,
    isTaken: false,
  };
  if (browser.underWay.length === mostUnderWay) browser.underWay.shift();
  browser.underWay.push(signIn);
  model.signIns.push(signIn);
  return signIn;
}

/** The page names the client and where it is answered, so that nobody consents to another. */
function expectConsentPage({ status, url, text }: Visit, { client, redirectUri }: Asked): void {
  expect({ status, path: url.pathname }).toEqual({ status: 200, path: '/auth/consent' });
  expect(text).toContain(`<bdi>${client.name}</bdi>`);
  expect(text).toContain(`<strong>${new URL(redirectUri).host}</strong>`);
}

/** Opens a client's link: the page, unless the person came by themselves and does not want to be asked again. */
export async function openLink(
  asked: Asked,
  browser: Browser,
  site: 'none' | 'cross-site',
  model: Model,
  real: Real,
): Promise<void> {
  const cookiesBefore = jarOf(browser, real);
  const visit = await browser.http.open(asked.url, {
    stop: entraOrigin(),
    headers: { 'Sec-Fetch-Site': site },
  });
  const waiting = { asked, hasEnded: false };
  const isRemembered = model.remembered.get(browser)?.has(rememberedAs(asked)) === true;
  if (isRemembered && site === 'none') {
    begin(waiting, browser, { atEntra: visit.url, cookiesBefore }, model, real);
    real.count('not asked again');
    return;
  }
  if (isRemembered) real.count('asked in spite of a memory');
  expectConsentPage(visit, asked);
  model.pages.push({ waiting, browser, visit });
}

/** Opens the page of a request that already waits in some browser. Undefined where it waits no more. */
export async function openPage(
  { waiting, visit: { url } }: ConsentPage,
  browser: Browser,
  model: Model,
): Promise<ConsentPage | undefined> {
  const visit = await browser.http.open(url);
  if (waiting.hasEnded) {
    expectRefusal(visit, 'sign_in_expired');
    return undefined;
  }
  expectConsentPage(visit, waiting.asked);
  const page = { waiting, browser, visit };
  model.pages.push(page);
  return page;
}

/** Presses Allow, with further fields, on the page of a request that waits. */
export async function allow(
  { waiting, browser, visit: page }: ConsentPage,
  fields: Readonly<Record<string, string>>,
  model: Model,
  real: Real,
): Promise<SignIn> {
  const cookiesBefore = jarOf(browser, real);
  const { url } = await browser.http.submit(page, { decision: 'allow', ...fields }, { stop: entraOrigin() });
  return begin(waiting, browser, { atEntra: url, cookiesBefore }, model, real);
}

/** Signs in at Entra: as who is signed in there already, as somebody else, or not at all. */
export async function signInAs(
  person: UserName | 'nobody',
  signIn: SignIn,
  { cluster }: Real,
): Promise<Answered> {
  const { browser, atEntra } = signIn;
  if (browser.person !== person) {
    browser.http.cookies.delete(entraOrigin());
    browser.person = undefined;
  }
  const fields = person === 'nobody' ? { action: 'cancel' } : passwordOf(person);
  const callback = await signInAtEntra(browser.http, cluster.url, atEntra, fields);
  expect(callback.searchParams.has('code')).toBe(person !== 'nobody');
  if (person !== 'nobody') browser.person = person;
  return Object.assign(signIn, { answer: { callback, by: person } });
}

export const registration: Step<true> = {
  targets: ({ clients }) => (clients.length < 5 ? [true] : []),
  async run(_target, _choice, { clients }, { cluster }) {
    clients.push(await register(cluster.url, `client-${clients.length}`));
  },
};

export const authorization: Step<Client> = {
  targets: ({ clients }) => clients,
  async run(client, { other, variant }, model, real) {
    const redirectUri = client.redirectUris[variant % 2] ?? '';
    const { clientId } = client;
    const request = createAuthorizationRequest(real.cluster.url, { clientId, redirectUri });
    const asked = { ...request, client, redirectUri };
    model.asked.push(asked);
    await openLink(asked, pick(model.browsers, other), 'none', model, real);
  },
};

/** Allow with and without the wish not to be asked again, and Deny now and then. */
export const decision: Step<ConsentPage> = {
  targets: ({ pages }) => pages.filter(({ waiting }) => !waiting.hasEnded),
  async run(page, { variant }, model, real) {
    const { waiting, browser, visit: shown } = page;
    const { asked } = waiting;
    if (variant === 7) {
      const visit = await browser.http.submit(shown, { decision: 'deny' }, { stop: asked.redirectUri });
      expectDenial(visit, asked, real.cluster.url);
      waiting.hasEnded = true;
      real.count('denied');
      return;
    }
    const remembers = variant > 3;
    await allow(page, remembers ? { remember: 'on' } : {}, model, real);
    if (!remembers) return;
    const keys = model.remembered.get(browser) ?? new Set();
    model.remembered.set(browser, keys.add(rememberedAs(asked)));
  },
};

/** On a page that was left open. */
export const lateDecision: Step<ConsentPage> = {
  targets: ({ pages }) => pages.filter(({ waiting }) => waiting.hasEnded),
  async run({ browser, visit: page }, { variant }) {
    const decision = variant % 2 === 0 ? 'allow' : 'deny';
    expectRefusal(await browser.http.submit(page, { decision }, { stop: clientsBegin }), 'sign_in_expired');
  },
};

export const signInUpstream: Step<SignIn> = {
  targets: ({ signIns }) => signIns.filter(({ answer }) => answer === undefined),
  async run(signIn, { other, variant }, _model, real) {
    await signInAs(variant === 7 ? 'nobody' : pick(people, other), signIn, real);
  },
};

/** Sign-ins that came back from Entra, into the browser that they began in. */
export function answeredOf({ signIns }: Model): readonly Answered[] {
  return signIns.filter((signIn): signIn is Answered => signIn.answer !== undefined);
}

export type Answered = SignIn & { answer: NonNullable<SignIn['answer']> };

export function deliver(url: URL, browser: Browser['http'], { redirectUri }: Asked): Promise<Visit> {
  return browser.open(url, { stop: redirectUri, headers: { 'Sec-Fetch-Site': 'cross-site' } });
}

/** The callback is used up, and the browser lets go of it. */
export function take(signIn: SignIn): void {
  const { browser } = signIn;
  signIn.isTaken = true;
  const index = browser.underWay.indexOf(signIn);
  if (index >= 0) browser.underWay.splice(index, 1);
}

/** The client has its code: the only place where a grant comes from. */
export function expectCode({ waiting, answer }: Answered, { url }: Visit, model: Model, real: Real): void {
  const { asked } = waiting;
  expect(url.href.startsWith(asked.redirectUri)).toBe(true);
  const { code = '', ...others } = Object.fromEntries(url.searchParams);
  expect(others).toEqual({ state: asked.state, iss: real.cluster.url });
  expect(code).not.toBe('');
  expect(answer.by).not.toBe('nobody');
  expect(answer.by).not.toBe(unwelcome);
  if (answer.by === 'nobody') return;
  model.grants.push({
    asked,
    person: answer.by,
    code,
    issuedAt: model.minute,
    isRedeemed: false,
    endedAt: undefined,
    generations: [],
  });
  real.count('code');
}

/** Entra's answer reaches the server in the browser that it was sent to. */
export const delivery: Step<Answered> = {
  targets: (model) => answeredOf(model).filter(({ isTaken }) => !isTaken),
  async run(signIn, _choice, model, real) {
    const { browser, waiting, answer } = signIn;
    const visit = await deliver(answer.callback, browser.http, waiting.asked);
    if (!browser.underWay.includes(signIn)) {
      // Five others were begun since: the browser has forgotten it.
      expectRefusal(visit, 'wrong_browser');
      real.count('forgotten by its browser');
      return;
    }
    if (waiting.hasEnded) {
      // Used up, though the browser keeps its cookie.
      signIn.isTaken = true;
      expectRefusal(visit, answer.by === unwelcome ? 'wrong_tenant' : 'sign_in_expired');
      real.count('delivered too late');
      return;
    }
    take(signIn);
    waiting.hasEnded = true;
    if (answer.by === 'nobody' || answer.by === unwelcome) {
      expectDenial(visit, waiting.asked, real.cluster.url);
      real.count(answer.by === 'nobody' ? 'given up at Entra' : 'not let in');
    } else expectCode(signIn, visit, model, real);
  },
};
