import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeCertificate } from '../../dev/certificate.ts';
import { startHost } from '../../dev/host.ts';
import { trustCertificates, writeTrustFile } from '../../dev/trust.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('trust in a certificate of this machine', () => {
  it('holds in this process from now on, beside another of the same kind', async () => {
    for (const tls of [await makeCertificate(), await makeCertificate()]) {
      const host = await startHost([], { port: 0, tls });
      await expect(fetch(host.url)).rejects.toThrow('fetch failed');
      trustCertificates(tls.cert);
      expect((await fetch(host.url)).status).toBe(404);
      await host.stop();
    }
  });

  it('is handed to children in a file, together with what the person has in one', () => {
    const path = join(folder, 'trusted.pem');
    writeTrustFile(path, 'ours', {});
    expect(readFileSync(path, 'utf8')).toBe('ours');
    // As in local.settings.json, where it was pasted.
    writeTrustFile(path, 'ours', { NODE_EXTRA_CA_CERTS: path });
    expect(readFileSync(path, 'utf8')).toBe('ours');
    writeFileSync(join(folder, 'own.pem'), 'own\n');
    writeTrustFile(path, 'ours', { NODE_EXTRA_CA_CERTS: join(folder, 'own.pem') });
    expect(readFileSync(path, 'utf8')).toBe('own\nours');
    expect(() => writeTrustFile(path, 'ours', { NODE_EXTRA_CA_CERTS: '/nowhere.pem' })).toThrow(
      /^NODE_EXTRA_CA_CERTS, .*ENOENT/,
    );
  });
});
