import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc, { type Arbitrary } from 'fast-check';
import { exportJWK, importJWK, type CryptoKey } from 'jose';
import { describe, expect, it } from '@jest/globals';
import { createEntraVerifier, type EntraVerifier } from '../../src/auth/entra-verifier.ts';
import { readHeader, readUnverifiedIssuer } from '../../src/auth/jwt.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { createSessionVerifier } from '../../src/auth/session-verifier.ts';
import { AppError, describeError } from '../../src/errors.ts';
import { expectToHold } from '../support/fuzz.ts';
import {
  api,
  applicationClaims,
  authority,
  issuer,
  now,
  oid,
  ownClaims,
  tid,
  time,
  userClaims,
} from '../support/good-claims.ts';
import { encodePart, signText } from '../support/sign-text.ts';
import { anyEdit, anyText, change, checkPrototypes, jsonText, textOf } from './arbitraries.ts';

/** Texts of JSON values by the names of members. */
type OddValues = Readonly<Record<string, readonly string[]>>;

/** JSON of these members, one of them perhaps missing and others put in anywhere: twice, of another type, unknown. */
function membersOf(good: object, odd: OddValues): Arbitrary<string> {
  const names = Object.keys(good);
  const given = Object.entries(good).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const oddMember = fc
    .constantFrom(...Object.entries(odd))
    .chain(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values)));
  const anyMember = fc.tuple(fc.constantFrom(...names, '__proto__', 'crit', 'b64', 'jwk'), jsonText(names));
  const member = fc.oneof({ weight: 3, arbitrary: oddMember }, { weight: 1, arbitrary: anyMember });
  const placed = fc.array(fc.tuple(member, fc.nat(given.length)), { maxLength: 2 });
  const missing = fc.option(fc.constantFrom(...names), { freq: 5 });
  return fc.tuple(placed, missing).map(([others, without]) => {
    const members = given.filter(([name]) => name !== without);
    for (const [other, at] of others) members.splice(at, 0, other);
    return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
  });
}

type Claims = Readonly<Record<string, unknown>>;

type Verifier = Pick<EntraVerifier, 'verify'>;

/** Who the token is for; undefined where it is refused with 401 or 403. Any other failure is thrown on. */
async function verify(verifier: Verifier, token: string): Promise<Principal | undefined> {
  try {
    return await verifier.verify(token);
  } catch (error) {
    const isRefusal = error instanceof AppError && [401, 403].includes(describeError(error.code).status);
    if (!isRefusal) throw error;
    return undefined;
  } finally {
    checkPrototypes();
  }
}

/** That a token is taken only if the part that varies is in order as JSON.parse reads it: of a repeated member the last counts. */
function takesOnly(
  verifier: Verifier,
  parts: Arbitrary<string>,
  toToken: (part: string) => string,
  isInOrder: (read: Claims, principal: Principal) => boolean,
) {
  return fc.asyncProperty(parts, async (part) => {
    const principal = await verify(verifier, toToken(part));
    return principal === undefined || isInOrder(JSON.parse(part) as Claims, principal);
  });
}

/** Whether the token may be used now. */
function isCurrent({ exp, nbf = time }: Claims): boolean {
  return typeof exp === 'number' && exp > time - 60 && typeof nbf === 'number' && nbf <= time + 60;
}

async function publicKeyOf(key: KeyObject, algorithm: string): Promise<CryptoKey> {
  const imported = await importJWK(await exportJWK(createPublicKey(key)), algorithm);
  if (imported instanceof Uint8Array) throw new Error('no public key');
  return imported;
}

const texts = fc.oneof(
  anyText,
  textOf(['e30', '.', 'eyJhbGciOiJub25lIn0', 'bnVsbA', 'W10', 'eyJpc3MiOjF9', '=', '..']),
);

describe('a text in the place of a token', () => {
  it('has an issuer or none, and a header or one of two codes', () =>
    expectToHold(
      fc.property(
        fc.oneof(
          texts,
          jsonText(['alg', 'iss']).map((json) => `${encodePart(json)}.${encodePart(json)}.`),
        ),
        (text) => {
          // Its type is the token's word: what compares it must not take it for granted.
          readUnverifiedIssuer(text);
          try {
            return readHeader(text, 'RS256').alg === 'RS256';
          } catch (error) {
            return (
              error instanceof AppError && ['malformed_token', 'unsupported_algorithm'].includes(error.code)
            );
          }
        },
      ),
    ));
});

describe('a token of this server', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const published = publicKeyOf(privateKey, 'ES256');
  const verifier = createSessionVerifier({
    issuer,
    resource: `${issuer}/mcp`,
    requiredScopes: ['access_as_user'],
    keys: {
      privateKeys: () => Promise.resolve([]),
      findPublicKey: async (kid) => (kid === 'own' ? published : undefined),
    },
    isLive: (grantId) => Promise.resolve(grantId === 'grant'),
    now,
  });
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'own' };
  const signPayload = (payload: string) => signText(JSON.stringify(header), payload, privateKey);
  const anyHeader = membersOf(header, {
    alg: ['"none"', '"HS256"', '"RS256"', '"ES384"', '["ES256"]'],
    typ: ['"JWT"', '"AT+JWT"', '["at+jwt"]', 'null'],
    kid: ['"other"', '["own"]', '{}', '"__proto__"'],
    crit: ['["exp"]', '[]', '["b64"]'],
    b64: ['false'],
  });
  const anyClaims = membersOf(ownClaims, {
    iss: [`"${issuer}/"`, `["${issuer}"]`, `"${issuer.toUpperCase()}"`],
    aud: [`"${issuer}"`, `["${issuer}/mcp"]`, `"${issuer}/mcp/"`],
    exp: [String(time - 61), '"9999999999"', '9e99', '-1', 'null'],
    nbf: [String(time + 61), String(time), '"0"'],
    sub: [`"${oid}.${tid}"`, `"${tid}.${tid}"`],
    tid: [`"${oid}"`, `["${tid}"]`],
    oid: [`"${tid}"`, '"alice"'],
    scope: ['"other"', '"access_as_user2"', '["access_as_user"]', '"a access_as_user"', '""'],
    gid: ['"other"', '""', '["grant"]'],
    cnf: ['{}', 'null', '{"jkt":"x"}'],
  });

  it('is taken only with the claims that it must have, as its last word on each', () =>
    expectToHold(
      takesOnly(verifier, anyClaims, signPayload, (read, principal) => {
        const isOurs = read.iss === issuer && read.aud === `${issuer}/mcp` && read.gid === 'grant';
        const isTheirs =
          principal.tenantId === read.tid && read.sub === `${principal.tenantId}.${principal.objectId}`;
        return (
          isOurs &&
          isTheirs &&
          isCurrent(read) &&
          read.cnf === undefined &&
          principal.scopes.includes('access_as_user')
        );
      }),
      { cost: 2 },
    ));

  it('is taken as it is issued', () =>
    expectToHold(
      fc.asyncProperty(fc.integer({ min: time - 59, max: 253_402_300_799 }), async (exp) => {
        const token = signPayload(JSON.stringify({ ...ownClaims, exp }));
        return (await verify(verifier, token))?.objectId === oid;
      }),
      { cost: 2 },
    ));

  it('is taken under no header but ES256 of an access token and a key that is published', () =>
    expectToHold(
      takesOnly(
        verifier,
        anyHeader,
        (head) => signText(head, JSON.stringify(ownClaims), privateKey),
        ({ alg, typ, kid, crit }) =>
          alg === 'ES256' && typ === 'at+jwt' && kid === 'own' && crit === undefined,
      ),
      { cost: 2 },
    ));

  it('is not taken from a foreign key, whatever its header says', () =>
    expectToHold(
      fc.asyncProperty(
        anyHeader,
        anyClaims,
        async (head, payload) => (await verify(verifier, signText(head, payload, foreign))) === undefined,
      ),
      { cost: 2 },
    ));

  it('is refused with any change to it that changes a bit of it', () =>
    expectToHold(
      fc.asyncProperty(anyEdit, async (edit) => {
        const token = signPayload(JSON.stringify(ownClaims));
        const changed = change(token, edit);
        const isSame = token.split('.').every((part, index) => {
          const bytes = Buffer.from(changed.split('.')[index] ?? '', 'base64url');
          return bytes.equals(Buffer.from(part, 'base64url'));
        });
        // Verified once, the token itself is remembered; what was made of it is not.
        const isTaken = (await verify(verifier, token)) !== undefined;
        return isTaken && (isSame || (await verify(verifier, changed)) === undefined);
      }),
      { cost: 2 },
    ));
});

describe('a token of Entra', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const published = publicKeyOf(privateKey, 'RS256');
  const config = {
    tenantId: tid,
    authority,
    audiences: [api, `api://${api}`],
    requiredScopes: ['access_as_user'],
    requiredAppRoles: ['Mcp.Invoke'],
    allowedTenants: [tid],
    allowedClientIds: [],
  };
  const verifier = createEntraVerifier(config, {
    now,
    keys: {
      find: async (kid) =>
        kid === 'entra' ? { key: await published, issuer: `${authority}/{tenantid}/v2.0` } : undefined,
      check: () => Promise.resolve(),
    },
  });
  const header = { alg: 'RS256', typ: 'JWT', kid: 'entra' };
  const signPayload = (payload: string) => signText(JSON.stringify(header), payload, privateKey);
  it.each([userClaims, applicationClaims])('is taken as it is issued', async (claims) => {
    expect(await verify(verifier, signPayload(JSON.stringify(claims)))).toMatchObject({ tenantId: tid });
  });

  const anyClaims = fc.constantFrom(userClaims, applicationClaims).chain((good) =>
    membersOf(good, {
      iss: [
        `"${authority}/${oid}/v2.0"`,
        `"${authority}/${tid.toUpperCase()}/v2.0"`,
        `"${authority}/{tenantid}/v2.0"`,
        `"https://sts.windows.net/${tid}/"`,
        `"${authority}/${tid}/v2.0/"`,
      ],
      aud: [`"${oid}"`, `["${api}"]`, `"api://${api}"`, `"${api.toUpperCase()}x"`],
      exp: [String(time - 61), '"9999999999"', '9e99'],
      nbf: [String(time + 61), 'null'],
      ver: ['"1.0"', '"3.0"', '2'],
      tid: [`"${oid}"`, `"${tid.toUpperCase()}"`, '"{tenantid}"', `["${tid}"]`],
      scp: ['"other"', '"access_as_user2"', '["access_as_user"]', '"User.Read access_as_user"'],
      roles: ['["Mcp.Invoke"]', '[]', '"Mcp.Invoke"', '["mcp.invoke"]'],
      idtyp: ['"app"', '"user"', '1'],
      nonce: ['"n"', 'null', '0'],
      sub: [`"${oid}"`, '"other"'],
      preferred_username: ['"alice"'],
    }),
  );
  const anyHeader = membersOf(header, {
    alg: ['"none"', '"HS256"', '"PS256"', '["RS256"]'],
    kid: ['"other"', '["entra"]', '{}'],
    nonce: ['"graph"', 'null'],
    crit: ['["exp"]', '[]', '["b64"]'],
    b64: ['false'],
  });

  it('is taken only with the claims that it must have, as its last word on each', () =>
    expectToHold(
      takesOnly(verifier, anyClaims, signPayload, (read, principal) => {
        const issuers: Claims = {
          '1.0': `https://sts.windows.net/${principal.tenantId}/`,
          '2.0': `${authority}/${principal.tenantId}/v2.0`,
        };
        const isIssued = principal.tenantId === tid && read.iss === issuers[String(read.ver)];
        const isForUs = config.audiences.includes(String(read.aud)) && typeof read.aud === 'string';
        const isPermitted =
          principal.kind === 'user'
            ? String(read.scp).split(' ').includes('access_as_user')
            : read.scp === undefined && (read.roles as string[]).includes('Mcp.Invoke');
        return isIssued && isForUs && isPermitted && isCurrent(read) && read.nonce === undefined;
      }),
      { cost: 10 },
    ));

  it('is taken under no header but RS256 and a key that is published', () =>
    expectToHold(
      takesOnly(
        verifier,
        anyHeader,
        (head) => signText(head, JSON.stringify(userClaims), privateKey),
        ({ alg, kid, crit }) => alg === 'RS256' && kid === 'entra' && crit === undefined,
      ),
      { cost: 10 },
    ));
});
