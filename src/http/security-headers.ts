import { isLoopback } from '../loopback.ts';

/** What every answer carries unless the endpoint says otherwise: nothing is framed, sniffed, cached or loaded. */
const always = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
} as const;

/**
 * HSTS belongs to https only (RFC 6797 section 7.2), and not to this machine: it would hold for every other server that
 * a developer runs under the same name.
 */
export function createSecurityHeaders(publicBaseUrl: string): Readonly<Record<string, string>> {
  const url = new URL(publicBaseUrl);
  if (url.protocol !== 'https:' || isLoopback(url)) return always;
  return { ...always, 'Strict-Transport-Security': 'max-age=31536000' };
}
