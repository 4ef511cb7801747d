import { readFileSync, writeFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describeFailure, Failure } from './failure.ts';

/** Makes this process trust a certificate (PEM text), beside those that it trusts already. */
export function trustCertificate(certificate: string): void {
  const trusted = getCACertificates('default');
  if (trusted.some((other) => other.trim() === certificate.trim())) return;
  setDefaultCACertificates([...trusted, certificate]);
}

/**
 * Writes the file for a child's NODE_EXTRA_CA_CERTS: the certificate and, as the name holds one path only, what the
 * person's own file has. Throws Failure where that cannot be read.
 */
export function writeTrustFile(path: string, certificate: string, environment: NodeJS.ProcessEnv): void {
  const own = environment.NODE_EXTRA_CA_CERTS;
  const isOthers = own !== undefined && own !== '' && own !== path;
  try {
    writeFileSync(path, isOthers ? `${readFileSync(own, 'utf8').trimEnd()}\n${certificate}` : certificate);
  } catch (error) {
    throw new Failure(`NODE_EXTRA_CA_CERTS, to which a certificate is added: ${describeFailure(error)}`);
  }
}
