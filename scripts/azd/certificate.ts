import { createHash, createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { SignJWT } from 'jose';
import { generate } from 'selfsigned';
import * as z from 'zod';
import { Failure } from '../../dev/failure.ts';
import type { RestApi } from './rest-api.ts';

const minute = 60_000;
/** How long what is made here is good for, used or not. */
const validMinutes = 30;

/** By this name a certificate of an earlier run is known, which was ended before it could take it away. */
const displayName = 'azd smoke';

const credentialsSchema = z.object({
  keyCredentials: z.array(z.object({ displayName: z.string().nullish() })),
});

export interface TemporaryCredential {
  /** A client assertion (RFC 7523) for Entra's token endpoint, good for a few minutes. */
  createAssertion(tokenEndpoint: string): Promise<string>;
  /** Takes the certificate away from the registration. */
  remove(): Promise<void>;
}

async function makeCertificate(now: number) {
  const { cert, private: key } = await generate([{ name: 'commonName', value: displayName }], {
    algorithm: 'sha256',
    keyType: 'rsa',
    keySize: 2_048,
    notBeforeDate: new Date(now - minute),
    notAfterDate: new Date(now + validMinutes * minute),
  });
  return { certificate: new X509Certificate(cert), key: createPrivateKey(key) };
}

/**
 * Gives a registration a certificate for half an hour, whose key never leaves this process: an application needs some
 * credential for the smoke test, and so none has to be kept. What an earlier run has left is replaced. Throws Failure when
 * the registration has a certificate of somebody else's, which this would replace too.
 */
export async function addTemporaryCredential(
  graph: RestApi,
  clientId: string,
  now = Date.now,
): Promise<TemporaryCredential> {
  const path = `/v1.0/applications(appId='${encodeURIComponent(clientId)}')`;
  const found = credentialsSchema.safeParse(await graph.send('GET', `${path}?$select=keyCredentials`));
  if (!found.success) throw new Failure(`There is no registration ${clientId}`);
  if (found.data.keyCredentials.some((one) => one.displayName !== displayName)) {
    throw new Failure(
      `The registration ${clientId} has a certificate of its own: give ENTRA_CLIENT_ASSERTION`,
    );
  }
  const { certificate, key } = await makeCertificate(now());
  const keyCredential = {
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
    displayName,
    key: certificate.raw.toString('base64'),
    endDateTime: certificate.validToDate.toISOString(),
  };
  await graph.send('PATCH', path, { keyCredentials: [keyCredential] });
  const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
  return {
    createAssertion: (tokenEndpoint) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(tokenEndpoint)
        .setJti(randomUUID())
        .setNotBefore(Math.floor(now() / 1_000))
        .setExpirationTime(Math.floor(now() / 1_000) + 300)
        .sign(key),
    remove: async () => {
      await graph.send('PATCH', path, { keyCredentials: [] });
    },
  };
}
