import { createHmac, sign, type KeyObject } from 'node:crypto';

export function encodePart(part: string | Buffer): string {
  return Buffer.from(part).toString('base64url');
}

/** A compact JWS of header and payload as they are written, whatever they say: RS256 or ES256, as the key is. */
export function signText(header: string, payload: string, key: KeyObject): string {
  const signed = `${encodePart(header)}.${encodePart(payload)}`;
  return `${signed}.${encodePart(sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

/** The same with an HMAC, SHA-256 unless told. */
export function macText(header: string, payload: string, secret: string | Buffer, hash = 'sha256'): string {
  const signed = `${encodePart(header)}.${encodePart(payload)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}
