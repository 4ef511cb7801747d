import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apps, users } from '../../dev/entra/directory.ts';
import { startLocalEntra } from '../../dev/entra/server.ts';
import type { LocalEntra } from '../../dev/entra/server.ts';
import { home, verify } from './entra-client.ts';

let entra: LocalEntra;
beforeAll(async () => {
  entra = await startLocalEntra({ port: 0 });
});
afterAll(() => entra.stop());

async function post(path: string, body?: unknown) {
  const response = await fetch(`${entra.authority}/dev/${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body ?? {}),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function mint(body: unknown): Promise<string> {
  const answer = await post('tokens', body);
  expect(answer.status).toBe(200);
  return String(answer.body.token);
}

async function publishedKids(): Promise<unknown[]> {
  const response = await fetch(`${entra.authority}/${home}/discovery/v2.0/keys`);
  const { keys } = (await response.json()) as { keys: Record<string, unknown>[] };
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(['e', 'issuer', 'kid', 'kty', 'n', 'use']);
  return keys.map(({ kid }) => kid);
}

describe('rotation of the signing keys', () => {
  it('signs with the new key, keeps the previous one published, and then drops it', async () => {
    const token = await mint({});
    const [first] = await publishedKids();
    const { body } = await post('rotate-keys');
    expect(await publishedKids()).toEqual([body.kid, first]);
    await verify(entra.authority, token);
    const { protectedHeader } = await verify(entra.authority, await mint({}));
    expect(protectedHeader.kid).toBe(body.kid);

    const { body: second } = await post('rotate-keys');
    expect(await publishedKids()).toEqual([second.kid, body.kid]);
    await expect(verify(entra.authority, token)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });
});

describe('a minted token', () => {
  it('is a user’s v2 token unless something else is asked', async () => {
    const { payload } = await verify(entra.authority, await mint({}));
    expect(payload).toMatchObject({
      aud: apps.api.id,
      azp: apps.native.id,
      oid: users.alice.oid,
      scp: 'access_as_user',
      ver: '2.0',
    });
  });

  it('may be an application’s, or of version 1', async () => {
    const app = await verify(entra.authority, await mint({ base: 'app:smoke' }));
    expect(app.payload).toMatchObject({ azp: apps.smoke.id, idtyp: 'app', roles: ['Mcp.Invoke'] });
    const old = await verify(entra.authority, await mint({ base: 'app:smoke', version: '1.0' }));
    expect(old.payload).toMatchObject({
      aud: apps.api.api.identifierUri,
      appid: apps.smoke.id,
      iss: `https://sts.windows.net/${home}/`,
      ver: '1.0',
    });
  });

  it('may be an ID token', async () => {
    const { payload } = await verify(
      entra.authority,
      await mint({ base: 'id:carol', claims: { nonce: 'n' } }),
    );
    expect(payload).toMatchObject({ aud: apps.native.id, nonce: 'n', tid: users.carol.tenantId });
    expect(payload).not.toHaveProperty('scp');
  });

  it('takes claims from the request and leaves others out', async () => {
    const token = await mint({ claims: { exp: 1, aud: 'api://other' }, omit: ['scp'] });
    await expect(verify(entra.authority, token)).rejects.toMatchObject({
      code: 'ERR_JWT_EXPIRED',
      payload: expect.not.objectContaining({ scp: expect.anything() }),
    });
  });

  it.each([
    ['{', 'not JSON'],
    [{ base: 'user:mallory' }, 'user:mallory'],
    [{ base: 'user:constructor' }, 'user:constructor'],
    [{ base: 'app:__proto__' }, 'app:__proto__'],
    [{ base: 'alice' }, 'base'],
    [{ bases: 'user:alice' }, 'bases'],
  ])('is refused for %j', async (body, part) => {
    const answer = await post('tokens', body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toContain(part);
  });
});

describe('the controls', () => {
  it('are for POST, and for what exists', async () => {
    const got = await fetch(`${entra.authority}/dev/rotate-keys`);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    for (const path of ['users/mallory@contoso.example', 'anything']) {
      const response = await fetch(`${entra.authority}/dev/${path}`, { method: 'POST' });
      expect(response.status).toBe(404);
    }
  });

  it.each([{ origin: 'https://evil.example' }, { origin: 'null' }, { host: 'evil.example' }])(
    'are closed to a request with %j',
    async (headers) => {
      const before = await publishedKids();
      const sent = request(`${entra.authority}/dev/rotate-keys`, { method: 'POST', headers });
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      expect(response.statusCode).toBe(403);
      expect(await publishedKids()).toEqual(before);
    },
  );
});
