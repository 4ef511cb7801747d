import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadCertificate } from '../../dev/certificate.ts';
import { startHost } from '../../dev/host.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificate-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

async function fetchStatus(url: string, ca: string): Promise<number | undefined> {
  const sent = request(url, { agent: new Agent({ ca }) });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('the certificate of --https', () => {
  it('is made for localhost, by name and by address, and kept with a private key of its owner', async () => {
    const made = await loadCertificate(folder, {});
    expect(made).toMatchObject({ selfSigned: true, certPath: join(folder, 'localhost.crt') });
    expect((await loadCertificate(folder, {})).cert).toBe(made.cert);
    if (process.platform !== 'win32') {
      expect(statSync(join(folder, 'localhost.key')).mode & 0o777).toBe(0o600);
    }

    const host = await startHost([], { port: 0, tls: made });
    expect(host.url).toBe(`https://127.0.0.1:${host.port}`);
    expect(await fetchStatus(host.url, made.cert)).toBe(404);
    expect(await fetchStatus(`https://localhost:${host.port}`, made.cert)).toBe(404);
    await host.stop();
  });

  it('is the person’s own where both files are named', async () => {
    const { cert } = await loadCertificate(folder, {});
    const own = { SSL_CERTFILE: join(folder, 'localhost.crt'), SSL_KEYFILE: join(folder, 'localhost.key') };
    expect(await loadCertificate('/nowhere', own)).toMatchObject({ cert, selfSigned: false });
  });

  it.each([
    [{ SSL_CERTFILE: 'a.pem' }, 'SSL_KEYFILE is missing'],
    [{ SSL_KEYFILE: 'a.pem' }, 'SSL_CERTFILE is missing'],
    [{ SSL_CERTFILE: '/nowhere/a.pem', SSL_KEYFILE: '/nowhere/b.pem' }, 'ENOENT'],
  ])('is refused with the reason: %j', async (environment, reason) => {
    await expect(loadCertificate(folder, environment)).rejects.toThrow(reason);
  });

  it('is refused when the files are no certificate and key', async () => {
    const path = join(folder, 'text.pem');
    writeFileSync(path, 'text');
    await expect(loadCertificate(folder, { SSL_CERTFILE: path, SSL_KEYFILE: path })).rejects.toThrow(
      /^The certificate .*text\.pem and the key .*text\.pem: /,
    );
  });
});
