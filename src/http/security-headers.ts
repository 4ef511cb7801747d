/** What every answer carries unless the endpoint says otherwise: nothing is framed, sniffed, cached or loaded. */
const always = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
} as const;

/** HSTS belongs to https only (RFC 6797 section 7.2). */
export function createSecurityHeaders(publicBaseUrl: string): Readonly<Record<string, string>> {
  if (!publicBaseUrl.startsWith('https:')) return always;
  return { ...always, 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' };
}
