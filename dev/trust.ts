import { readFileSync, writeFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describeFailure, Failure } from './failure.ts';

/** Makes this process trust certificates (PEM texts), beside those that it trusts already. */
export function trustCertificates(...certificates: readonly string[]): void {
  setDefaultCACertificates([...getCACertificates('default'), ...certificates]);
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
