import fc, { type Arbitrary } from 'fast-check';
import { beforeAll, describe, it } from '@jest/globals';
import { expectToHold } from '../support/fuzz.ts';
import { anyEdit, anyText, change, type Edit } from './arbitraries.ts';
import { createOAuthApp, openConsent, registerClient, type OAuthApp, type Pending } from './oauth-app.ts';

/** What a browser posts when Allow is pressed and the box is ticked, with the cookie that goes along. */
type Right = Pending & { readonly decision: 'allow'; readonly remember: 'on' };

let app: OAuthApp;
let own: Right;
let other: Right;

beforeAll(async () => {
  app = await createOAuthApp();
  const clientId = await registerClient(app);
  const press = async (): Promise<Right> => ({
    ...(await openConsent(app, clientId)),
    decision: 'allow',
    remember: 'on',
  });
  own = await press();
  other = await press();
});

/** A value: the right one, that of another browser, the right one changed, or any text. Known when the test runs. */
type Value = 'own' | 'other' | { readonly edit: Edit } | { readonly text: string };
const wrongValue: Arbitrary<Value> = fc.oneof(
  fc.constant('other' as const),
  fc.record({ edit: anyEdit }),
  fc.record({ text: fc.oneof(anyText, fc.constantFrom('ALLOW', 'maybe', 'off', '')) }),
);

function resolve(value: Value, name: keyof Right): string {
  if (value === 'own') return own[name];
  if (value === 'other') return other[name];
  return 'edit' in value ? change(own[name], value.edit) : value.text;
}

type Field = readonly [keyof Right, Value];
const right: readonly Field[] = [
  ['request', 'own'],
  ['form', 'own'],
  ['decision', 'own'],
];
const anyField: Arbitrary<Field> = fc.tuple(
  fc.constantFrom('request', 'form', 'decision', 'remember'),
  fc.oneof(fc.constant('own' as const), wrongValue),
);

/** The fields of the form in any order: as they are, with one of them missing or wrong, or with one more. */
const anyForm: Arbitrary<readonly Field[]> = fc
  .oneof(
    fc.constant(right),
    fc.nat(2).map((missing) => right.filter((_field, index) => index !== missing)),
    fc
      .tuple(fc.nat(2), wrongValue)
      .map(([at, value]) => right.map(([name, own], index): Field => [name, index === at ? value : own])),
    fc.array(anyField, { minLength: 1, maxLength: 2 }).map((extra) => [...right, ...extra]),
  )
  .chain((fields) => fc.shuffledSubarray([...fields], { minLength: fields.length }));

/** Where the form comes from: mostly from the browser that was shown it. */
const anySender = fc.record({
  cookie: fc.oneof(
    { weight: 6, arbitrary: fc.constant('own' as const) },
    { weight: 1, arbitrary: wrongValue },
  ),
  site: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(undefined, 'same-origin', 'none') },
    { weight: 1, arbitrary: fc.constantFrom('cross-site', 'same-site', '') },
  ),
  origin: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(undefined, 'null', 'https://mcp.example.com') },
    { weight: 1, arbitrary: fc.constantFrom('https://evil.example', 'http://mcp.example.com', 'NULL') },
  ),
});

interface Sender {
  readonly cookie: string;
  readonly site: string | undefined;
  readonly origin: string | undefined;
}

/** Whether a person pressed Allow on a page of this server, in the browser that it was shown in. */
function isAllowed(body: URLSearchParams, { cookie, site, origin }: Sender): boolean {
  const isOnce = new Set(body.keys()).size === body.size;
  const isShown = [own, other].some(
    ({ request, form, cookie: browser }) =>
      request === body.get('request') && form === body.get('form') && browser === cookie,
  );
  const isFromHere =
    [undefined, 'same-origin', 'none'].includes(site) &&
    [undefined, 'null', 'https://mcp.example.com'].includes(origin);
  return (
    isOnce &&
    isShown &&
    isFromHere &&
    body.get('decision') === 'allow' &&
    [null, 'on'].includes(body.get('remember'))
  );
}

/** What became of it: a sign-in, or a refusal that sets and sends nothing. Anything else is neither. */
async function post(
  body: URLSearchParams,
  { cookie, site, origin }: Sender,
): Promise<'begun' | 'refused' | 'other'> {
  const headers = new Headers({ Cookie: cookie });
  if (site !== undefined) headers.set('Sec-Fetch-Site', site);
  if (origin !== undefined) headers.set('Origin', origin);
  const { status, headers: sent } = await app.send('/auth/consent', { method: 'POST', body, headers });
  const location = sent.get('location');
  if (app.failures.length > 0) return 'other';
  if (status === 303 && location?.includes('/oauth2/v2.0/authorize?') === true) return 'begun';
  const isQuiet = location === null && sent.getSetCookie().length === 0;
  return isQuiet && (status === 400 || status === 403) ? 'refused' : 'other';
}

describe('the consent form', () => {
  it('S11: begins a sign-in exactly when each field came once and right, from the browser that was shown it', () =>
    expectToHold(
      fc.asyncProperty(anyForm, anySender, async (fields, { cookie, ...from }) => {
        const body = new URLSearchParams(
          fields.map(([name, value]): [string, string] => [name, resolve(value, name)]),
        );
        const sender = { ...from, cookie: resolve(cookie, 'cookie') };
        // Whatever else a Cookie header can be is in cookies.test.ts.
        fc.pre(/^[\w.=-]*$/.test(sender.cookie));
        return (await post(body, sender)) === (isAllowed(body, sender) ? 'begun' : 'refused');
      }),
      { cost: 20 },
    ));
});
