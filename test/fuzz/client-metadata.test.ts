import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { AppError } from '../../src/errors.ts';
import {
  normalizeClientMetadata,
  type ClientMetadata,
  type ClientSource,
} from '../../src/oauth/client-metadata.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyText, checkPrototypes, jsonText, textOf } from './arbitraries.ts';
import { anyUri } from './uris.ts';

const id = 'https://client.example/client.json';
const policy = { allowed: [], ownOrigin: 'https://server.example' };

/** RFC 7591 section 2 and what else is read; all besides is unknown to this server. */
const known = [
  'client_id',
  'client_name',
  'client_uri',
  'redirect_uris',
  'application_type',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'jwks',
  'jwks_uri',
];
const unknown = ['scope', 'logo_uri', 'tos_uri', 'client_secret', 'software_statement', 'keys', 'kty', 'd'];

const values = [
  `"${id}"`,
  '"https://client.example/cb"',
  '["https://client.example/cb"]',
  '["http://localhost/cb","cursor://host/cb"]',
  '["javascript:alert(1)"]',
  '["authorization_code"]',
  '["code"]',
  '"web"',
  '"none"',
  '"private_key_jwt"',
  '{"keys":[{"kty":"EC"}]}',
  '{"keys":[{"kty":"EC","__proto__":{"d":"x"},"d":"secret"}]}',
  '"\\u202eevil\\u0000\\ud800 "',
];
const anyMetadata = jsonText([...known, ...known, ...unknown], values).map(
  (text) => JSON.parse(text) as unknown,
);

const anyKey = fc
  .tuple(
    fc.constantFrom('d', 'k', 'p', 'priv', 'x', 'alg', '__proto__', 'constructor'),
    jsonText(['d'], ['"x"']),
  )
  .map(([name, value]) => `{"kty":"EC",${JSON.stringify(name)}:${value}}`);
/** Long enough to be cut, with what is not to be seen and what turns text around. */
const anyName = textOf([
  'x'.repeat(99),
  ' ',
  '\u202e',
  '\u200b',
  '\u2066',
  '\ufeff',
  '\u0000',
  '\ud800',
  '🦊',
  '\u2028',
]);
const keySet = fc.array(anyKey, { minLength: 1, maxLength: 3 }).map((keys) => `{"keys":[${keys.join(',')}]}`);

/** Metadata that is in order but for a few members, so that what is kept is looked at too. */
const nearlyGood = fc
  .tuple(
    fc.record({
      client_id: fc.constant(id),
      client_name: fc.oneof(anyName, anyText),
      client_uri: anyUri,
      redirect_uris: fc.array(fc.oneof(anyUri, fc.constant('https://client.example/cb')), { maxLength: 12 }),
    }),
    fc.oneof(
      anyMetadata,
      fc.record({
        token_endpoint_auth_method: fc.constant('private_key_jwt'),
        jwks: keySet.map((text) => JSON.parse(text) as unknown),
      }),
      fc.record({
        token_endpoint_auth_method: fc.constant('private_key_jwt'),
        jwks_uri: fc.oneof(anyUri, fc.constant('https://client.example/keys')),
      }),
    ),
  )
  .map(([good, odd]) => ({
    ...good,
    ...(typeof odd === 'object' ? odd : {}),
    redirect_uris: good.redirect_uris,
  }));

const metadata = fc.oneof(anyMetadata, nearlyGood);
const source = fc.constantFrom<ClientSource>('registered', 'document', 'listed');

/** Ends of lines, what turns text around, and what cannot be seen (Unicode, general category Cc and Cf). */
const hidden = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** What is kept; undefined where it is refused. Any error but the two documented ones is thrown on. */
function normalize(input: unknown, from: ClientSource): ClientMetadata | undefined {
  try {
    return from === 'registered'
      ? normalizeClientMetadata(input, from, policy)
      : normalizeClientMetadata(input, from, policy);
  } catch (error) {
    const isDocumented =
      error instanceof AppError && ['invalid_client_metadata', 'invalid_redirect_uri'].includes(error.code);
    if (!isDocumented) throw error;
    return undefined;
  } finally {
    checkPrototypes();
  }
}

/** Holds for every input that is taken. */
function ofWhatIsKept(holds: (kept: ClientMetadata, from: ClientSource) => boolean) {
  return fc.property(metadata, source, (input, from) => {
    const kept = normalize(input, from);
    return kept === undefined || holds(kept, from);
  });
}

describe('client metadata that is taken', () => {
  it('is the same when it is normalized again', () =>
    expectToHold(
      ofWhatIsKept((kept, from) => JSON.stringify(normalize(kept, from)) === JSON.stringify(kept)),
    ));

  it('has no member that is not understood', () =>
    expectToHold(
      ofWhatIsKept((kept) => Reflect.ownKeys(kept).every((name) => known.includes(String(name)))),
    ));

  it('has public keys only, each with nothing but what it was sent with', () =>
    expectToHold(
      ofWhatIsKept(({ jwks }) =>
        (jwks?.keys ?? []).every((key) => {
          const isPlain = Object.getPrototypeOf(key) === Object.prototype;
          return isPlain && ['d', 'k', 'p', 'priv'].every((name) => !Object.hasOwn(key, name));
        }),
      ),
    ));

  it('has redirect URIs, every one of them https elsewhere, loopback or an application’s own', () =>
    expectToHold(
      ofWhatIsKept(
        ({ redirect_uris: uris, application_type: type }) =>
          uris.length > 0 &&
          uris.every((uri) => {
            const { protocol, hostname, origin } = new URL(uri);
            if (protocol === 'https:') return origin !== policy.ownOrigin && hostname !== 'localhost';
            if (type === 'web') return false;
            if (protocol === 'http:') return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
            return !['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'view-source:'].includes(
              protocol,
            );
          }),
      ),
    ));

  it('names itself in one line of at most 100 characters that reads in one direction', () =>
    expectToHold(
      ofWhatIsKept(({ client_name: name = 'none' }) => {
        const length = Array.from(name).length;
        return (
          name.isWellFormed() && name.trim() === name && length > 0 && length <= 100 && !hidden.test(name)
        );
      }),
    ));

  it('links to https only', () =>
    expectToHold(
      ofWhatIsKept(({ client_uri: uri, jwks_uri: keys }) =>
        [uri, keys].every((url) => url === undefined || new URL(url).protocol === 'https:'),
      ),
    ));
});
