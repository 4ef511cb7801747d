import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import * as z from 'zod';
import { readJson, writePrivateJson } from '../private-file.ts';

const privateKey = z.object({
  kty: z.literal('RSA'),
  kid: z.string(),
  n: z.string(),
  e: z.string(),
  d: z.string(),
  p: z.string(),
  q: z.string(),
  dp: z.string(),
  dq: z.string(),
  qi: z.string(),
});

/** A private JWK for RS256. */
export type SigningKey = z.infer<typeof privateKey>;

/** What anybody may see of a key. */
export interface PublishedKey {
  readonly kty: 'RSA';
  readonly use: 'sig';
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}

/** The signing keys: the newest signs, the one before it is still published. */
export interface SigningKeys {
  readonly current: () => SigningKey;
  readonly published: () => readonly PublishedKey[];
  /** Signs with a new key from now on, and drops the oldest when more than two are left. Resolves to its `kid`. */
  readonly rotate: () => Promise<string>;
}

async function generateSigningKey(): Promise<SigningKey> {
  const pair = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(pair.privateKey);
  return privateKey.parse({ ...jwk, kid: await calculateJwkThumbprint(jwk) });
}

/** Reads the keys from the file, or makes the first one. Without a path they live in memory. */
export async function loadSigningKeys(path: string | undefined): Promise<SigningKeys> {
  const stored = path === undefined ? undefined : readJson(path);
  let newest: SigningKey;
  let older: SigningKey[];

  function keep(first: SigningKey, rest: SigningKey[]) {
    newest = first;
    older = rest;
    if (path !== undefined) writePrivateJson(path, [newest, ...older]);
  }

  if (stored === undefined) keep(await generateSigningKey(), []);
  else [newest, ...older] = z.tuple([privateKey], privateKey).parse(stored);

  return {
    current: () => newest,
    published: () =>
      [newest, ...older].map(({ kty, kid, n, e }) => ({ kty, use: 'sig' as const, kid, n, e })),
    async rotate() {
      keep(await generateSigningKey(), [newest]);
      return newest.kid;
    },
  };
}
