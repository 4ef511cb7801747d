import { getCACertificates } from 'node:tls';
import { trustCertificates } from '../../dev/trust.ts';

/**
 * Makes this process trust the local stack's certificate (PEM text), and what the operating system trusts: mkcert
 * installs itself there. Over http there is none.
 */
export function trustStack(certificate: string | undefined): void {
  if (certificate !== undefined) trustCertificates(...getCACertificates('system'), certificate);
}
