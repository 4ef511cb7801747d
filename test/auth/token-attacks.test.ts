import { constants, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { encodePart, macText } from '../support/sign-text.ts';
import { createAttacks, issuers, type Attacks } from './token-attack.ts';
import { openTokenLab, type TokenLab } from './token-lab.ts';

let lab: TokenLab;
let attacks: Attacks;
beforeAll(async () => {
  lab = await openTokenLab();
  attacks = createAttacks(lab);
});
afterAll(() => lab.stop());

describe('an algorithm that is not the issuer’s', () => {
  it.each(['None', 'NONE', 'nOnE', 'none ', '\u0000none', 'ES256K', 'EdDSA', ['none'], null, 0])(
    'is refused with and without the genuine signature: %j',
    async (alg) => {
      for (const issuer of issuers) {
        const { header, token } = lab[issuer];
        const [, payload = '', signature = ''] = token.split('.');
        const head = encodePart(JSON.stringify({ ...header, alg }));
        for (const kept of [signature, ''])
          await attacks.refuse(`${head}.${payload}.${kept}`, 'unsupported_algorithm');
      }
    },
  );

  it('is refused in escapes too', async () => {
    const { header, claims } = lab.entra;
    const head = JSON.stringify({ ...header, alg: '' }).replace('"alg":""', '"\\u0061lg":"\\u006eone"');
    await attacks.refuse(
      `${encodePart(head)}.${encodePart(JSON.stringify(claims))}.`,
      'unsupported_algorithm',
    );
  });

  it('is refused as a MAC with every form of either public key', async () => {
    for (const issuer of issuers) {
      for (const { publicKey } of [lab.entra.key, lab.own.key]) {
        const forms = [
          publicKey.export({ type: 'spki', format: 'pem' }),
          publicKey.export({ type: 'spki', format: 'der' }),
          JSON.stringify(publicKey.export({ format: 'jwk' })),
          Buffer.from(
            publicKey.export({ format: 'jwk' }).n ?? publicKey.export({ format: 'jwk' }).x ?? '',
            'base64url',
          ),
        ];
        for (const form of forms) {
          const head = JSON.stringify({ ...lab[issuer].header, alg: 'HS512' });
          const token = macText(head, JSON.stringify(lab[issuer].claims), form, 'sha512');
          await attacks.refuse(token, 'unsupported_algorithm');
        }
      }
    }
  });

  it('is refused though the issuer’s key signed with it: PS256, RS512', async () => {
    const { header, claims, key } = lab.entra;
    for (const [alg, hash, padding] of [
      ['PS256', 'sha256', constants.RSA_PKCS1_PSS_PADDING],
      ['RS512', 'sha512', constants.RSA_PKCS1_PADDING],
    ] as const) {
      const signed = [{ ...header, alg }, claims].map((part) => encodePart(JSON.stringify(part))).join('.');
      const options = { key: key.privateKey, padding, saltLength: 32 };
      await attacks.refuse(
        `${signed}.${encodePart(sign(hash, Buffer.from(signed), options))}`,
        'unsupported_algorithm',
      );
    }
  });
});

describe('a key of the other issuer', () => {
  it('signs no token of this one, under either name of the algorithm and either key id', async () => {
    const { entra, own } = lab;
    await attacks.refuse(attacks.forge('entra', { key: own.key }), 'invalid_signature');
    await attacks.refuse(attacks.forge('own', { key: entra.key }), 'invalid_signature');
    await attacks.refuse(
      attacks.forge('entra', { key: own.key, header: { kid: own.key.kid } }),
      'unknown_signing_key',
    );
    await attacks.refuse(
      attacks.forge('own', { key: entra.key, header: { kid: entra.key.kid } }),
      'unknown_signing_key',
    );
    await attacks.refuse(
      attacks.forge('entra', { key: own.key, header: { alg: 'ES256' } }),
      'unsupported_algorithm',
    );
    await attacks.refuse(
      attacks.forge('own', { key: entra.key, header: { alg: 'RS256' } }),
      'unsupported_algorithm',
    );
  });
});

describe('a key id', () => {
  it.each([
    '../../../../../../dev/null',
    '/proc/self/environ',
    'file:///etc/passwd',
    "' OR '1'='1",
    "x'; DROP TABLE keys; --",
    '\u0000',
    '',
    'k'.repeat(4_000),
    '__proto__',
    'constructor',
    null,
    0,
    true,
    {},
  ])('that is something else is no key’s: %#', async (kid) => {
    for (const issuer of issuers) {
      await attacks.refuse(attacks.forge(issuer, { header: { kid } }), 'unknown_signing_key');
      await attacks.refuse(
        attacks.forge(issuer, { header: { kid }, key: lab.attacker.keys[issuer] }),
        'unknown_signing_key',
      );
    }
  });

  it('is compared as it is, and never fetched', async () => {
    for (const issuer of issuers) {
      const { kid } = lab[issuer].key;
      for (const other of [`${kid} `, kid.toUpperCase(), [kid], `./${kid}`, `${lab.attacker.url}#${kid}`]) {
        await attacks.refuse(attacks.forge(issuer, { header: { kid: other } }), 'unknown_signing_key');
      }
    }
  });
});

describe('a key that the token brings along', () => {
  it.each(issuers)(
    'is not used for a token of %s, wherever it is and whatever it calls itself',
    async (issuer) => {
      const { url, keys } = lab.attacker;
      const key = keys[issuer];
      const jwk = { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig' };
      const x5c = [key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')];
      const everything = { jku: url, x5u: url, jwk, x5c, iss: url };
      for (const header of [{ jku: url }, { x5u: url }, { jwk }, { x5c }, everything]) {
        await attacks.refuse(attacks.forge(issuer, { header, key }), 'invalid_signature');
        const named = { ...header, kid: key.kid };
        await attacks.refuse(attacks.forge(issuer, { header: named, key }), 'unknown_signing_key');
      }
    },
  );
});

describe('a header that must be understood (RFC 7515 section 4.1.11)', () => {
  it.each([[['exp']], [[]], ['exp'], [['b64']], [['jku']], [['alg']], [{}]])(
    'is refused though its issuer signed it: crit %j',
    async (crit) => {
      for (const issuer of issuers) {
        const header = { crit, exp: 1, b64: false, jku: lab.attacker.url };
        await attacks.refuse(attacks.forge(issuer, { header }), 'malformed_token');
      }
    },
  );

  it('is refused though its issuer signed it so: an unencoded payload (RFC 7797)', async () => {
    const { header, claims, key } = lab.entra;
    const head = encodePart(JSON.stringify({ ...header, b64: false, crit: ['b64'] }));
    const payload = JSON.stringify(claims);
    const signature = encodePart(sign('sha256', Buffer.from(`${head}.${payload}`), key.privateKey));
    await attacks.refuse(`${head}.${encodePart(payload)}.${signature}`, 'invalid_signature');
  });
});

describe('after all of this', () => {
  it('genuine tokens save a note each, so that the refusals were about the tokens', () =>
    attacks.expectGenuineToSave());
});
