import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { SecretName } from '../../src/stores/secrets.ts';

/** The secrets that nobody has to be asked for; the client secret, where there is one, is Entra's. */
export const keyNames = [
  'session-signing-key',
  'cookie-key',
  'encryption-key',
] as const satisfies SecretName[];
export type KeyName = (typeof keyNames)[number];

/** A fresh value in the form that src/auth/secret-values.ts reads. */
export function makeKey(name: KeyName): string {
  if (name !== 'session-signing-key') return randomBytes(32).toString('base64url');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}
