import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';

/** The key by which a client proves who it is (`private_key_jwt`, RFC 7523). */
export interface ClientKey {
  /** What the client publishes. */
  readonly keySet: { readonly keys: readonly JWK[] };
  /** The fields of a form that prove a client to the server of this issuer; they can be used once. */
  prove(clientId: string, issuer: string): Promise<Record<string, string>>;
}

export async function createClientKey(): Promise<ClientKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  return {
    keySet: { keys: [jwk] },
    async prove(clientId, issuer) {
      const assertion = await new SignJWT()
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(issuer)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(privateKey);
      return {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      };
    },
  };
}
