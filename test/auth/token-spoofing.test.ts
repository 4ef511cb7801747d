import { randomBytes } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apps, homeTenant, tenants } from '../../dev/entra/directory.ts';
import { encodePart, signText } from '../support/sign-text.ts';
import { startProxyServer } from '../support/proxy-server.ts';
import { createAttacks, issuers, type Attacks, type Members } from './token-attack.ts';
import { openTokenLab, type TokenLab } from './token-lab.ts';

let lab: TokenLab;
let attacks: Attacks;
beforeAll(async () => {
  lab = await openTokenLab();
  attacks = createAttacks(lab);
});
afterAll(() => lab.stop());

/** JSON with a member before or after the others: of one that comes twice, JavaScript reads the last. */
function withMember(members: Members, name: string, value: unknown, place: 'first' | 'last'): string {
  const text = JSON.stringify(members);
  const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return place === 'first' ? `{${member},${text.slice(1)}` : `${text.slice(0, -1)},${member}}`;
}

describe('a claim that comes twice', () => {
  // What tells the issuers apart and what verifies read JSON alike, and the signature covers both values: a token that
  // says two things says the last of them to all of this server.
  it('is refused for what it says last', async () => {
    const { header, claims, key } = lab.entra;
    const sign = (payload: string) => signText(JSON.stringify(header), payload, key.privateKey);
    for (const [name, value, code] of [
      ['aud', 'https://graph.microsoft.com', 'wrong_audience'],
      ['tid', tenants.fabrikam.id, 'wrong_tenant'],
      ['exp', 1, 'expired_token'],
      ['scp', 'User.Read', 'missing_scope'],
      ['iss', lab.server.url, 'unsupported_algorithm'],
    ] as const) {
      await attacks.refuse(sign(withMember(claims, name, value, 'last')), code);
    }
  });

  it('changes no signed token: whoever adds one has no signature for it', async () => {
    for (const issuer of issuers) {
      const { claims, token } = lab[issuer];
      const [head = '', , signature = ''] = token.split('.');
      for (const place of ['first', 'last'] as const) {
        const payload = withMember(claims, 'oid', tenants.fabrikam.id, place);
        await attacks.refuse(`${head}.${encodePart(payload)}.${signature}`, 'invalid_signature');
      }
    }
  });

  it('in the header neither: of two algorithms the last is checked and used', async () => {
    const { header, claims } = lab.entra;
    const payload = encodePart(JSON.stringify(claims));
    const head = (place: 'first' | 'last') => encodePart(withMember(header, 'alg', 'none', place));
    await attacks.refuse(`${head('last')}.${payload}.`, 'unsupported_algorithm');
    await attacks.refuse(`${head('first')}.${payload}.`, 'invalid_signature');
  });
});

describe('a tenant', () => {
  it.each([
    ['of everybody’s personal accounts', '9188040d-6c67-4c5b-b112-36a304b66dad', 'wrong_tenant'],
    ['of nobody', '00000000-0000-0000-0000-000000000000', 'wrong_tenant'],
    ['that is a template', '{tenantid}', 'invalid_claims'],
    ['that is shared', 'common', 'invalid_claims'],
    ['in braces', `{${homeTenant.id}}`, 'invalid_claims'],
    ['as a URN', `urn:uuid:${homeTenant.id}`, 'invalid_claims'],
    ['with a path', `${homeTenant.id}/../${tenants.fabrikam.id}`, 'invalid_claims'],
    ['with a line end', `${homeTenant.id}\n`, 'invalid_claims'],
    ['in a list', [homeTenant.id], 'invalid_claims'],
    ['by name', 'contoso.onmicrosoft.com', 'invalid_claims'],
  ] as const)(
    '%s is not accepted, with the issuer that goes with it or the genuine one',
    async (_what, tid, code) => {
      const authority = lab.server.environment.ENTRA_AUTHORITY ?? '';
      await attacks.refuse(attacks.forge('entra', { claims: { tid } }), code);
      await attacks.refuse(
        attacks.forge('entra', { claims: { tid, iss: `${authority}/${String(tid)}/v2.0` } }),
        code,
      );
    },
  );
});

/** Other spellings of a URL, and URLs that look like it. */
function looksLike(url: string): readonly string[] {
  const { host, pathname } = new URL(url);
  return [
    `${url}/`,
    `${url}?`,
    `${url}#`,
    ` ${url}`,
    `${url}\n`,
    url.replace('http:', 'https:'),
    url.replace('http:', 'HTTP:'),
    url.replace('//', '//user@'),
    url.replace(host, `${host}@evil.example`),
    url.replace(host, `${host}.evil.example`),
    url.replace(/:\d+/, ':1'),
    url.replace('o', 'ο').replace('1', '１'),
    `${new URL(url).origin}/.${pathname}`,
    `${new URL(url).origin}//${pathname.slice(1)}`,
    url.replace(
      host,
      host.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`),
    ),
  ];
}

describe('an issuer that looks like', () => {
  it('Entra’s is not Entra’s, though its key signed', async () => {
    const { iss } = lab.entra.claims;
    const others = [...looksLike(String(iss)), `https://sts.windows.net/${homeTenant.id}/`, '', 'common'];
    for (const other of others) {
      expect(other).not.toBe(iss);
      await attacks.refuse(attacks.forge('entra', { claims: { iss: other } }), 'wrong_issuer');
    }
    for (const other of [[iss], null, { iss }, 0])
      await attacks.refuse(attacks.forge('entra', { claims: { iss: other } }), 'invalid_claims');
  });

  it('this server’s is not this server’s, though its key signed', async () => {
    for (const other of [...looksLike(lab.server.url), [lab.server.url], null]) {
      await attacks.refuse(attacks.forge('own', { claims: { iss: other } }), 'unsupported_algorithm');
    }
  });
});

describe('a token for somebody else', () => {
  it('is refused: for this server’s own registration at Entra, its sign-in, its pages, another resource', async () => {
    const { url } = lab.server;
    for (const aud of [apps.proxy.id, 'https://vault.azure.net', 'api://AzureADTokenExchange', '', url]) {
      await attacks.refuse(attacks.forge('entra', { claims: { aud } }), 'wrong_audience');
    }
    for (const aud of [url, `${url}/mcp/`, `${url}/MCP`, `${url}/me`, apps.api.id, 'mcp']) {
      await attacks.refuse(attacks.forge('own', { claims: { aud } }), 'wrong_audience');
    }
    for (const aud of [[`${url}/mcp`], [`${url}/mcp`, 'https://evil.example'], null, {}]) {
      await attacks.refuse(attacks.forge('own', { claims: { aud } }), 'invalid_claims');
    }
  });

  it('is refused where another server has the same keys', async () => {
    const other = await startProxyServer({
      ...lab.server.environment,
      PUBLIC_BASE_URL: 'http://localhost:1',
    });
    try {
      await attacks.expectRefusal(
        attacks.save({ Authorization: `Bearer ${lab.own.token}` }, other.mcpUrl),
        'unsupported_algorithm',
      );
    } finally {
      await other.stop();
    }
  });

  it('is refused where it is not for calling: a refresh token, a managed identity’s, another grant’s', async () => {
    await attacks.refuse(lab.refreshToken, 'malformed_token');
    const { endpoint, header } = {
      endpoint: process.env.IDENTITY_ENDPOINT ?? '',
      header: process.env.IDENTITY_HEADER ?? '',
    };
    const asked = `${endpoint}?api-version=2019-08-01&resource=https://vault.azure.net`;
    const identity = (await (await fetch(asked, { headers: { 'X-IDENTITY-HEADER': header } })).json()) as {
      access_token: string;
    };
    await attacks.refuse(identity.access_token, 'unknown_signing_key');
    await attacks.refuse(attacks.forge('own', { claims: { gid: 'another' } }), 'revoked_token');
    await attacks.refuse(attacks.forge('own', { claims: { gid: ['x'] } }), 'invalid_claims');
  });
});

describe('what is no token of three parts', () => {
  it('is refused: a token in a token, an encrypted one, a value of a cookie', async () => {
    for (const issuer of issuers) {
      const { header, token, key } = lab[issuer];
      const nested = signText(JSON.stringify({ ...header, cty: 'JWT' }), token, key.privateKey);
      await attacks.refuse(nested, issuer === 'own' ? 'unsupported_algorithm' : 'malformed_token');
    }
    const encrypted = await new CompactEncrypt(Buffer.from(lab.entra.token))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: lab.entra.key.kid })
      .encrypt(lab.entra.key.publicKey);
    await attacks.refuse(encrypted, 'malformed_token');
    await attacks.refuse(
      `${encodePart('{"alg":"dir"}')}.${encodePart(randomBytes(12))}.x.y`,
      'malformed_token',
    );
  });

  it('is refused where its JSON is none, or is no object', async () => {
    for (const issuer of issuers) {
      const { header, key } = lab[issuer];
      for (const payload of ['null', '[]', '"x"', '1', '', '{', '\ufeff{}', '{"iss":1e999}']) {
        const token = signText(JSON.stringify(header), payload, key.privateKey);
        const response = await attacks.save({ Authorization: `Bearer ${token}` });
        expect([401, payload]).toEqual([response.status, payload]);
      }
    }
  });

  it('is refused where it is longer than any real one', async () => {
    for (const issuer of issuers) {
      await attacks.refuse(
        attacks.forge(issuer, { claims: { filler: 'x'.repeat(14_000) } }),
        'malformed_token',
      );
    }
  });
});

describe('a genuine token', () => {
  it.each([
    ['after a tab', (token: string) => `Bearer\t${token}`, 'unsupported_scheme'],
    ['in quotes', (token: string) => `Bearer "${token}"`, 'malformed_token'],
    ['after another word', (token: string) => `Bearer Bearer ${token}`, 'malformed_token'],
    ['twice', (token: string) => `Bearer ${token},Bearer ${token}`, 'malformed_token'],
    ['as a parameter', (token: string) => `Bearer token=${token}`, 'malformed_token'],
    ['with padding', (token: string) => `Bearer ${token}==`, 'malformed_token'],
    ['with a blank in it', (token: string) => `Bearer ${token.replace('.', ' .')}`, 'malformed_token'],
    ['under another scheme', (token: string) => `DPoP ${token}`, 'unsupported_scheme'],
    [
      'as a password',
      (token: string) => `Basic ${Buffer.from(`:${token}`).toString('base64')}`,
      'unsupported_scheme',
    ],
  ] as const)('is not read %s', async (_what, write, code) => {
    for (const issuer of issuers)
      await attacks.expectRefusal(attacks.save({ Authorization: write(lab[issuer].token) }), code);
  });

  it('is not looked for anywhere but in the Authorization header (RFC 6750 section 2)', async () => {
    for (const issuer of issuers) {
      const { token } = lab[issuer];
      const query = new URL(`?access_token=${token}`, lab.server.mcpUrl);
      await attacks.expectRefusal(attacks.save({}, query), 'missing_token');
      for (const name of [
        'X-Authorization',
        'Proxy-Authorization',
        'X-Forwarded-Authorization',
        'X-MS-TOKEN-AAD-ACCESS-TOKEN',
      ]) {
        await attacks.expectRefusal(attacks.save({ [name]: `Bearer ${token}` }), 'missing_token');
      }
      await attacks.expectRefusal(
        attacks.save({ Cookie: `access_token=${token}; Authorization=${token}` }),
        'missing_token',
      );
    }
  });
});

describe('after all of this', () => {
  it('genuine tokens save a note each, so that the refusals were about the tokens', () =>
    attacks.expectGenuineToSave());
});
