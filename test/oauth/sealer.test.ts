import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createSealer } from '../../src/oauth/sealer.ts';
import { createTokenSealer } from '../../src/oauth/token-sealer.ts';
import type { Sealer } from '../../src/stores/sealer.ts';
import { createRotatingSecrets, randomVersion, type RotatingSecrets } from '../auth/rotating-secrets.ts';
import { refusalOf } from '../support/failure-of.ts';

const place = 'Grants/0f3a';
const plaintext = '{"token":"Zürich 🔑"}';
const first = randomVersion('a1');
const second = randomVersion('b2');

function readHeader(sealed: string): unknown {
  return JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString());
}

function decodeParts(sealed: string): string {
  return sealed
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('hex'))
    .join('.');
}

/** The same envelope under another header. */
function withHeader(sealed: string, header: object): string {
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...sealed.split('.').slice(1)].join('.');
}

describe('createSealer', () => {
  let secrets: RotatingSecrets;
  let sealer: Sealer;

  beforeEach(() => {
    secrets = createRotatingSecrets('encryption-key', first);
    sealer = createSealer(secrets);
  });

  it('S15: opens what it sealed, at its place', async () => {
    const sealed = await sealer.seal(plaintext, place);
    expect(await sealer.open(sealed, place)).toBe(plaintext);
    expect(readHeader(sealed)).toEqual({ alg: 'dir', enc: 'A256GCM', kid: 'a1' });
    expect(sealed).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\.[\w-]+$/);
    for (const part of sealed.split('.')) {
      expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain('token');
    }
  });

  it('seals the same text differently each time, and any text', async () => {
    expect(await sealer.seal(plaintext, place)).not.toBe(await sealer.seal(plaintext, place));
    for (const text of ['', '\uFEFF', 'x'.repeat(100_000)]) {
      expect(await sealer.open(await sealer.seal(text, place), place)).toBe(text);
    }
  });

  it('wants a place', async () => {
    await expect(sealer.seal(plaintext, '')).rejects.toThrow(RangeError);
  });

  it('S15: opens nothing at another place', async () => {
    const sealed = await sealer.seal(plaintext, place);
    for (const other of ['Grants/0f3b', 'RefreshTokens/0f3a', '', `${place} `]) {
      expect(await sealer.open(sealed, other)).toBeUndefined();
    }
  });

  it('S15: opens nothing under another key id, known or not', async () => {
    const sealed = await sealer.seal(plaintext, place);
    secrets.vault = [second, first];
    expect(await sealer.open(withHeader(sealed, { alg: 'dir', enc: 'A256GCM', kid: 'b2' }), place)).toBe(
      undefined,
    );
    expect(await sealer.open(withHeader(sealed, { alg: 'dir', enc: 'A256GCM', kid: 'c3' }), place)).toBe(
      undefined,
    );
    expect(await sealer.open(withHeader(sealed, { alg: 'dir', enc: 'A256GCM' }), place)).toBeUndefined();
    expect(await sealer.open(sealed, place)).toBe(plaintext);
  });

  it.each([
    { alg: 'A256GCMKW', enc: 'A256GCM', kid: 'a1' },
    { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', kid: 'a1', p2c: 1_000_000, p2s: 'AAAAAAAAAAA' },
    { alg: 'dir', enc: 'A128CBC-HS256', kid: 'a1' },
    { alg: 'dir', enc: 'A256GCM', kid: 'a1', zip: 'DEF' },
    { alg: 'dir', enc: 'A256GCM', kid: 'a1', crit: ['x'], x: 1 },
    { alg: 'dir', enc: 'A256GCM', kid: ['a1'] },
  ])('opens nothing whose header is %j', async (header) => {
    const sealed = await sealer.seal(plaintext, place);
    expect(await sealer.open(withHeader(sealed, header), place)).toBeUndefined();
  });

  it('opens nothing that is cut short, longer, or changed in any one character', async () => {
    const sealed = await sealer.seal(plaintext, place);
    const envelopes = Array.from({ length: sealed.length }, (_none, index) => [
      sealed.slice(0, index),
      `${sealed.slice(0, index)}${sealed[index] === 'A' ? 'B' : 'A'}${sealed.slice(index + 1)}`,
      `${sealed.slice(0, index)}%${sealed.slice(index + 1)}`,
    ]).flat();
    const others = [
      `${sealed}.`,
      `${sealed}A`,
      `.${sealed}`,
      '....',
      'plain text',
      '{"alg":"dir"}',
      'e30...',
    ];
    // The last character of a part has bits that mean nothing: what differs in these alone is the same envelope.
    const changed = [...envelopes, ...others].filter((text) => decodeParts(text) !== decodeParts(sealed));
    const opened = await Promise.all(changed.map((text) => sealer.open(text, place)));
    expect(opened.filter((text) => text !== undefined)).toEqual([]);
  });

  it('S21: opens after a rotation what the previous version sealed, and seals with the newest', async () => {
    const before = await sealer.seal(plaintext, place);
    secrets.vault = [second, first];
    await secrets.refresh('encryption-key');
    const after = await sealer.seal(plaintext, place);
    expect(readHeader(after)).toMatchObject({ kid: 'b2' });
    expect(await sealer.open(before, place)).toBe(plaintext);
    expect(await sealer.open(after, place)).toBe(plaintext);
  });

  it('looks at the vault again for a version that another instance knows already', async () => {
    const elsewhere = createSealer(createRotatingSecrets('encryption-key', second, first));
    const sealed = await elsewhere.seal(plaintext, place);
    expect(await sealer.open(sealed, place)).toBeUndefined();
    secrets.vault = [second, first];
    expect(await sealer.open(sealed, place)).toBe(plaintext);
    expect(secrets.refreshes).toBe(2);
    secrets.vault = [second];
    await secrets.refresh('encryption-key');
    expect(await sealer.open(sealed, place)).toBe(plaintext);
  });

  it('opens nothing of a disabled version', async () => {
    const sealed = await sealer.seal(plaintext, place);
    secrets.vault = [second];
    await secrets.refresh('encryption-key');
    expect(await sealer.open(sealed, place)).toBeUndefined();
  });

  it('passes on that an unknown version could not be looked up', async () => {
    const elsewhere = createSealer(createRotatingSecrets('encryption-key', second));
    secrets.isDown = true;
    expect(await refusalOf(sealer.open(await elsewhere.seal(plaintext, place), place))).toMatchObject({
      code: 'secrets_unavailable',
    });
    expect(await sealer.open(await sealer.seal(plaintext, place), place)).toBe(plaintext);
  });

  it('does not seal with a secret that is too short', async () => {
    const short = createSealer(createRotatingSecrets('encryption-key', randomVersion('s', 31)));
    expect(await refusalOf(short.seal(plaintext, place))).toMatchObject({
      code: 'secret_unusable',
      detail: 'encryption-key (version s) has 31 bytes, at least 32 are needed',
    });
  });
});

describe('createTokenSealer', () => {
  const sealer = createTokenSealer();
  const token = randomBytes(32).toString('base64url');

  it('S15: opens with the token that it was sealed with and no other', async () => {
    const sealed = await sealer.seal(plaintext, token);
    expect(await sealer.open(sealed, token)).toBe(plaintext);
    expect(await sealer.open(sealed, randomBytes(32).toString('base64url'))).toBeUndefined();
    expect(await sealer.open(sealed, '')).toBeUndefined();
    expect(readHeader(sealed)).toEqual({ alg: 'dir', enc: 'A256GCM' });
    expect(sealed).not.toContain(token);
  });

  it('opens nothing that is cut short, and nothing of the other sealer', async () => {
    const sealed = await sealer.seal(plaintext, token);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(await sealer.open(sealed.slice(0, length), token)).toBeUndefined();
    }
    const stored = createSealer(createRotatingSecrets('encryption-key', { id: 'a1', value: token }));
    expect(await sealer.open(await stored.seal(plaintext, place), token)).toBeUndefined();
    expect(await stored.open(sealed, place)).toBeUndefined();
  });
});
