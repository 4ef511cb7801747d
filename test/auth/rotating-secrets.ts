import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { AppError } from '../../src/errors.ts';
import type { SecretName, Secrets, SecretVersion } from '../../src/stores/secrets.ts';

/** Secrets whose versions and health a test decides. What is put into the vault is seen after a refresh. */
export interface RotatingSecrets extends Secrets {
  /** The newest first. */
  vault: SecretVersion[];
  isDown: boolean;
  refreshes: number;
}

export function createRotatingSecrets(only: SecretName, ...versions: SecretVersion[]): RotatingSecrets {
  let cached = versions;
  const secrets: RotatingSecrets = {
    vault: versions,
    isDown: false,
    refreshes: 0,
    read(name) {
      if (name !== only) throw new Error(`${name} is not wanted here`);
      return Promise.resolve(cached);
    },
    refresh(name) {
      secrets.refreshes += 1;
      if (secrets.isDown) return Promise.reject(new AppError('secrets_unavailable'));
      cached = secrets.vault;
      return secrets.read(name);
    },
  };
  return secrets;
}

export function randomVersion(id: string, bytes = 32): SecretVersion {
  return { id, value: randomBytes(bytes).toString('base64url') };
}

export function keyPem(namedCurve = 'P-256', type: 'pkcs8' | 'sec1' = 'pkcs8'): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return privateKey.export({ format: 'pem', type }).toString();
}

export function signingVersion(id: string): SecretVersion {
  return { id, value: keyPem() };
}
