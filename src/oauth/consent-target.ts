import { isLoopback } from '../loopback.ts';

/** Where a client is sent back to, as a person can judge it. */
export interface ConsentTarget {
  /**
   * `web`: whoever has the host has the answer. `device`: any program of this device could have it, by a loopback
   * address or a scheme that it claimed.
   */
  readonly kind: 'web' | 'device';
  /** The host, with its port, or the scheme. */
  readonly name: string;
  /** As a source of the CSP directive `form-action`. */
  readonly source: string;
}

/** @param redirectUri one that the authorization server has accepted */
export function describeTarget(redirectUri: string): ConsentTarget {
  const url = new URL(redirectUri);
  if (url.protocol === 'https:' && !isLoopback(url))
    return { kind: 'web', name: url.host, source: url.origin };
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return { kind: 'device', name: url.protocol.slice(0, -1), source: url.protocol };
  }
  // A source expression knows no IPv6 address (CSP3 section 2.3.1).
  const source = url.hostname.startsWith('[') ? url.protocol : url.origin;
  return { kind: 'device', name: url.host, source };
}
