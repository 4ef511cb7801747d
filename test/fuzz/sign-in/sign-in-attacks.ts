import {
  createHttpBrowser,
  readHiddenFields,
  type HttpBrowser,
} from '../../../dev/oauth-client/http-browser.ts';
import { passwordOf } from '../../../dev/oauth-client/raw-oauth.ts';
import { signInAtEntra } from '../../support/sign-in-steps.ts';
import type { Step } from './command.ts';
import { expectDenial, expectRefusal } from './expectations.ts';
import {
  pick,
  pickOther,
  type Asked,
  type ConsentPage,
  type Model,
  type Real,
  type SignIn,
} from './model.ts';
import {
  allow,
  answeredOf,
  clientsBegin,
  deliver,
  expectCode,
  jarOf,
  openLink,
  openPage,
  signInAs,
  take,
  unwelcome,
  type Answered,
} from './sign-in-steps.ts';

/** Callbacks that would still lead to a code where they belong. */
function deliverable(model: Model): readonly Answered[] {
  return answeredOf(model).filter(
    ({ isTaken, waiting, answer }) =>
      !isTaken && !waiting.hasEnded && !['nobody', unwelcome].includes(answer.by),
  );
}

/** Those whose browser has not forgotten them. */
function bringable(model: Model): readonly Answered[] {
  return deliverable(model).filter((signIn) => signIn.browser.underWay.includes(signIn));
}

function createBrowserWith(cookies: ReadonlyMap<string, string>, { cluster }: Real): HttpBrowser {
  const browser = createHttpBrowser();
  browser.cookies.set(cluster.url, new Map(cookies));
  return browser;
}

/** A link of the attacker's, opened from his page in somebody's browser, whatever that one remembers. */
export const fedLink: Step<Asked> = {
  targets: ({ asked }) => asked,
  run: (asked, { other }, model, real) =>
    openLink(asked, pick(model.browsers, other), 'cross-site', model, real),
};

/** The page of a request that waits in another browser: whoever decides, decides for themselves. */
export const fedPage: Step<ConsentPage> = {
  targets: ({ pages }) => pages,
  async run(page, { other }, model) {
    await openPage(page, pick(model.browsers, other), model);
  },
};

/** The form of a page, posted in another browser, or in its own from another site. */
export const stolenForm: Step<ConsentPage> = {
  targets: ({ pages }) => pages,
  async run({ browser, visit: page }, { other, variant }, model) {
    const isElsewhere = variant < 5;
    const { http } = isElsewhere ? pickOther(model.browsers, browser, other) : browser;
    const decision = variant % 2 === 0 ? 'allow' : 'deny';
    const headers = { 'Sec-Fetch-Site': isElsewhere ? 'same-origin' : 'cross-site' };
    expectRefusal(await http.submit(page, { decision }, { headers, stop: clientsBegin }), 'form_not_ours');
  },
};

/** The proof of one page with the request of another. */
export const swappedForm: Step<ConsentPage> = {
  targets: ({ pages }) => (new Set(pages.map(({ waiting }) => waiting)).size > 1 ? pages : []),
  async run({ browser, waiting, visit: page }, { other }, { pages }) {
    const others = pages.filter((candidate) => candidate.waiting !== waiting);
    const { request = '' } = readHiddenFields(pick(others, other).visit.text);
    expectRefusal(
      await browser.http.submit(page, { decision: 'allow', request }, { stop: clientsBegin }),
      'form_not_ours',
    );
  },
};

/** Entra's answer, code and state, in a browser that has not allowed it. */
export const strayCallback: Step<Answered> = {
  targets: deliverable,
  async run({ browser, waiting, answer }, { other }, model) {
    const elsewhere = pickOther(model.browsers, browser, other);
    expectRefusal(await deliver(answer.callback, elsewhere.http, waiting.asked), 'wrong_browser');
  },
};

/** The same where the attacker has put the cookies that he held before Allow into the browser. */
export const plantedCookies: Step<Answered> = {
  targets: deliverable,
  async run({ cookiesBefore, waiting, answer }, _choice, _model, real) {
    const browser = createBrowserWith(cookiesBefore, real);
    expectRefusal(await deliver(answer.callback, browser, waiting.asked), 'wrong_browser');
  },
};

/** The same where the browser shows the secret of another sign-in under this one's name. */
export const swappedCookie: Step<Answered> = {
  targets: (model) => (model.signIns.length > 1 ? deliverable(model) : []),
  async run(signIn, { other }, { signIns }, real) {
    const { browser, cookie, waiting, answer } = signIn;
    const { cookie: wrong } = pickOther<SignIn>(signIns, signIn, other);
    const planted = createBrowserWith(new Map([...jarOf(browser, real), [cookie[0], wrong[1]]]), real);
    expectRefusal(await deliver(answer.callback, planted, waiting.asked), 'wrong_browser');
  },
};

/** The attacker's way to Entra, finished by somebody else in their browser, where it began for nobody. */
export const carriedToEntra: Step<SignIn> = {
  targets: ({ signIns }) => signIns.filter(({ isTaken }) => !isTaken),
  async run({ atEntra, browser, waiting }, { other }, model, { cluster }) {
    const victim = pickOther(model.browsers, browser, other);
    const person = victim.person ?? 'alice';
    const callback = await signInAtEntra(victim.http, cluster.url, atEntra, passwordOf(person));
    victim.person = person;
    expectRefusal(await deliver(callback, victim.http, waiting.asked), 'wrong_browser');
  },
};

export const replayedCallback: Step<Answered> = {
  targets: (model) => answeredOf(model).filter(({ isTaken }) => isTaken),
  async run({ browser, waiting, answer }, { other, variant }, model) {
    const where = variant < 4 ? browser : pick(model.browsers, other);
    expectRefusal(await deliver(answer.callback, where.http, waiting.asked), 'sign_in_expired');
  },
};

/** A stolen code of Entra, under the attacker's own state in his own browser: Entra's PKCE says no. */
export const injectedCode: Step<Answered> = {
  targets: (model) => (deliverable(model).length > 1 ? bringable(model) : []),
  async run(signIn, { other }, model, real) {
    const { browser, waiting, answer } = signIn;
    const stolen = pickOther(deliverable(model), signIn, other);
    const url = new URL(answer.callback);
    url.searchParams.set('code', stolen.answer.callback.searchParams.get('code') ?? '');
    const visit = await deliver(url, browser.http, waiting.asked);
    take(signIn);
    waiting.hasEnded = true;
    expectDenial(visit, waiting.asked, real.cluster.url);
  },
};

/** Two callbacks of one request at once: one gets a code, for whoever signed in there. */
async function bringAtOnce(signIns: readonly [Answered, Answered], model: Model, real: Real): Promise<void> {
  const [{ waiting }] = signIns;
  const bring = async (signIn: Answered) => ({
    signIn,
    visit: await deliver(signIn.answer.callback, signIn.browser.http, waiting.asked),
  });
  const [first, second] = await Promise.all([bring(signIns[0]), bring(signIns[1])]);
  const [won, lost] = first.visit.status === 303 ? [first, second] : [second, first];
  expectRefusal(lost.visit, 'sign_in_expired');
  lost.signIn.isTaken = true;
  take(won.signIn);
  waiting.hasEnded = true;
  expectCode(won.signIn, won.visit, model, real);
}

export const racedCallback: Step<Answered> = {
  targets: bringable,
  run: (signIn, _choice, model, real) => bringAtOnce([signIn, signIn], model, real),
};

/** One request, allowed in two browsers by two people. */
export const racedPeople: Step<ConsentPage> = {
  targets: ({ pages }) => pages.filter(({ waiting }) => !waiting.hasEnded),
  async run(page, { other }, model, real) {
    const shared = await openPage(page, pickOther(model.browsers, page.browser, other), model);
    if (shared === undefined) throw new Error('the request waits no more');
    const [one, two] = [await allow(page, {}, model, real), await allow(shared, {}, model, real)];
    const both = [await signInAs('alice', one, real), await signInAs('bob', two, real)] as const;
    await bringAtOnce(both, model, real);
  },
};
