import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import { createCookies } from '../../src/http/cookies.ts';
import { createBrowserForms } from '../../src/oauth/browser-form.ts';
import { createBrowsers } from '../../src/oauth/browser.ts';
import { createCookieSigner } from '../../src/oauth/cookie-signer.ts';
import { createRotatingSecrets, randomVersion } from '../auth/rotating-secrets.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyEdit, anyText, change, checkPrototypes, headerText, textOf } from './arbitraries.ts';

const pieces = [
  '__Host-mcp-a',
  '; mcp-a=x; ',
  '; __Host-mcp-a=x; ',
  'mcp-a',
  '=',
  '; ',
  ';',
  ',',
  '"',
  '%',
  '%zz',
  '%00',
  '__proto__',
  'constructor',
  ' ',
];
const cookieHeader = fc.oneof(headerText, textOf(pieces, headerText));

const openCookies = createCookies({ publicBaseUrl: 'https://mcp.example.com' });

function open(cookie: string) {
  return openCookies(new Request('https://mcp.example.com/', { headers: { Cookie: cookie } }));
}

describe('a Cookie header', () => {
  it('is read without an error, whatever it is, and touches no prototype', () =>
    expectToHold(
      fc.property(cookieHeader, (header) => {
        const jar = open(header);
        const names = jar.list('');
        checkPrototypes();
        return names.every((name) => typeof jar.get(name) === 'string') && jar.get('toString') === undefined;
      }),
    ));

  it('gives a cookie of this server only where its whole name stands there', () =>
    expectToHold(
      fc.property(cookieHeader, (header) => {
        const value = open(header).get('mcp-a');
        return value === undefined || /(^|;)\s*__Host-mcp-a\s*=/.test(header);
      }),
    ));

  it('gives back what was set, beside whatever else is there', () =>
    expectToHold(
      fc.property(anyText, fc.stringMatching(/^[a-z]{1,5}=[\w-]{0,9}$/), (text, other) => {
        const value = text.toWellFormed();
        const jar = open('');
        jar.set('a', value, 60);
        const [line = ''] = jar.addTo(new Response()).headers.getSetCookie();
        const [pair = ''] = line.split(';', 1);
        return open(`${other}; ${pair}; ${other}`).get('a') === value;
      }),
    ));

  it('cannot be given another attribute or another cookie by a value', () =>
    expectToHold(
      fc.property(anyText, (text) => {
        const jar = open('');
        jar.set('a', text.toWellFormed(), 60);
        const lines = jar.addTo(new Response()).headers.getSetCookie();
        const [, ...attributes] = (lines[0] ?? '').split('; ');
        return lines.length === 1 && attributes.join() === 'Max-Age=60,Path=/,HttpOnly,Secure,SameSite=Lax';
      }),
    ));
});

const signer = createCookieSigner(createRotatingSecrets('cookie-key', randomVersion('a1')));
const anyPurpose = fc.constantFrom('browser', 'sign-in', 'form', 'login-start');

describe('a signed value', () => {
  it('is refused with any change to it, and for any other purpose', () =>
    expectToHold(
      fc.asyncProperty(anyText, anyPurpose, anyPurpose, anyEdit, async (text, purpose, other, edit) => {
        const value = text.toWellFormed();
        const signed = await signer.sign(value, purpose);
        return (
          (await signer.verify(signed, purpose)) === value &&
          (await signer.verify(change(signed, edit), purpose)) === undefined &&
          (purpose === other || (await signer.verify(signed, other)) === undefined)
        );
      }),
    ));

  it('is not found in what anybody else writes', () =>
    expectToHold(
      fc.asyncProperty(
        fc.oneof(anyText, fc.stringMatching(/^[\w-]{0,20}\.[\w-]{11}\.[\w-]{43}$/)),
        anyPurpose,
        async (text, purpose) => (await signer.verify(text, purpose)) === undefined,
      ),
    ));
});

describe('the proof of a form', () => {
  const browsers = createBrowsers(signer, { randomBytes });
  const forms = createBrowserForms(browsers, signer);

  /** A browser of its own that was shown a form about this subject. */
  async function show(subject: string) {
    const jar = open('');
    const field = await forms.issue(subject, jar);
    const [line = ''] = jar.addTo(new Response()).headers.getSetCookie();
    return { subject, field, cookie: line.split(';', 1)[0] ?? '', site: null };
  }

  async function isTaken(posted: {
    subject: string;
    field?: string | undefined;
    cookie: string;
    site: string | null;
  }) {
    const { subject, field, cookie, site } = posted;
    return forms.check(subject, { field, cookies: open(cookie), site }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'form_not_ours') return false;
        throw error;
      },
    );
  }

  it('holds for the subject, the browser and the site that it was made for, and for nothing else', () =>
    expectToHold(
      fc.asyncProperty(
        anyText.map((text) => text.toWellFormed()),
        anyText,
        fc.constantFrom('cross-site', 'same-site', '', 'None', 'same-origin '),
        anyEdit,
        async (subject, other, site, edit) => {
          const shown = await show(subject);
          const { cookie } = await show(subject);
          const forgeries = [
            { ...shown, subject: subject === other ? `${other}.` : other },
            { ...shown, field: change(shown.field, edit) },
            { ...shown, field: undefined },
            { ...shown, cookie },
            { ...shown, cookie: '' },
            { ...shown, site },
          ];
          const taken = await Promise.all([shown, ...forgeries].map(isTaken));
          return taken.indexOf(true) === 0 && taken.lastIndexOf(true) === 0;
        },
      ),
    ));
});
