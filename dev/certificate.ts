import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import { describeFailure, Failure } from './failure.ts';

export interface Certificate {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  readonly certPath: string;
  /** Whether it was made here, so that nobody trusts it yet. */
  readonly selfSigned: boolean;
}

const day = 86_400_000;
/** Apple's systems refuse server certificates that are valid for longer than 825 days. */
const validDays = 365;

/** A certificate of its own for this machine's loopback names, as PEM texts. */
export async function makeCertificate(): Promise<Pick<Certificate, 'cert' | 'key'>> {
  const notBeforeDate = new Date(Date.now() - day);
  // A name of its own: OpenSSL finds a trusted certificate by its subject, and takes one of several for another.
  const commonName = `localhost ${randomBytes(8).toString('hex')}`;
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    algorithm: 'sha256',
    keyType: 'ec',
    curve: 'P-256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + validDays * day),
    extensions: [
      // No authority: whoever trusts this file trusts nothing but localhost.
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { cert, key };
}

async function keepCertificate(certPath: string, keyPath: string): Promise<void> {
  const { cert, key } = await makeCertificate();
  writeFileSync(keyPath, key, { mode: 0o600 });
  writeFileSync(certPath, cert);
}

function isUsable(certPath: string, keyPath: string): boolean {
  if (!existsSync(certPath) || !existsSync(keyPath)) return false;
  const expiresAt = new X509Certificate(readFileSync(certPath)).validToDate.getTime();
  return expiresAt > Date.now() + 7 * day;
}

function readPair(certPath: string, keyPath: string): Pick<Certificate, 'cert' | 'key'> {
  try {
    const pair = { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') };
    createSecureContext(pair);
    return pair;
  } catch (error) {
    throw new Failure(`The certificate ${certPath} and the key ${keyPath}: ${describeFailure(error)}`);
  }
}

/**
 * The certificate of `--https`: SSL_CERTFILE and SSL_KEYFILE (PEM, as mkcert writes them), or one of our own for
 * localhost, made once and kept in the data folder until a week before it ends. Throws Failure.
 */
export async function loadCertificate(dataDir: string, environment: NodeJS.ProcessEnv): Promise<Certificate> {
  const { SSL_CERTFILE: ownCert, SSL_KEYFILE: ownKey } = environment;
  if (ownCert && ownKey) return { ...readPair(ownCert, ownKey), certPath: ownCert, selfSigned: false };
  if (ownCert || ownKey) {
    throw new Failure(
      `SSL_CERTFILE and SSL_KEYFILE go together: ${ownCert ? 'SSL_KEYFILE' : 'SSL_CERTFILE'} is missing.`,
    );
  }
  const certPath = join(dataDir, 'localhost.crt');
  const keyPath = join(dataDir, 'localhost.key');
  if (!isUsable(certPath, keyPath)) await keepCertificate(certPath, keyPath);
  return { ...readPair(certPath, keyPath), certPath, selfSigned: true };
}
