import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { serveFetch } from '../../dev/host.ts';

export interface TestKey {
  readonly kid: string;
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
}

export async function createTestKey(kid: string, issuer?: string): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return {
    kid,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', ...(issuer !== undefined && { issuer }) },
  };
}

/** Signs claims as they are: what is missing or wrong in them is the test's point. */
export function signClaims(
  { kid, privateKey }: TestKey,
  claims: JWTPayload,
  header: object = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT', ...header })
    .sign(privateKey, { crit: { 'urn:test': true } });
}

/** A key set over HTTP whose contents and health a test decides. */
export interface JwksServer {
  readonly url: string;
  /** Requests seen so far. */
  readonly requests: number;
  keys: readonly TestKey[];
  /** Answer with this status instead of the keys. */
  failWith: number | undefined;
  stop(): Promise<void>;
}

export async function startJwksServer(keys: readonly TestKey[]): Promise<JwksServer> {
  const state = { keys, failWith: undefined as number | undefined, requests: 0 };
  function handle(): Response {
    state.requests += 1;
    return Response.json({ keys: state.keys.map((key) => key.jwk) }, { status: state.failWith ?? 200 });
  }
  const { url, stop } = await serveFetch(handle, { port: 0 });
  return Object.assign(state, { url: `${url}/keys`, stop });
}
