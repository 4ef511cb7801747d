import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** Makes this process trust a certificate, and what the operating system trusts (mkcert installs itself there). */
export function trustCertificate(pem: string): void {
  setDefaultCACertificates([...getCACertificates('default'), ...getCACertificates('system'), pem]);
}
