import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createCookieSigner, type CookieSigner } from '../../src/oauth/cookie-signer.ts';
import { createRotatingSecrets, randomVersion, type RotatingSecrets } from '../auth/rotating-secrets.ts';
import { refusalOf } from '../support/failure-of.ts';

const first = randomVersion('a1');
const second = randomVersion('b2');

describe('createCookieSigner', () => {
  let secrets: RotatingSecrets;
  let signer: CookieSigner;

  beforeEach(() => {
    secrets = createRotatingSecrets('cookie-key', first);
    signer = createCookieSigner(secrets);
  });

  it.each(['', 'browser-id', 'a.b.c', '{"state":"é; 🍪","x":"\\n"}'])(
    'S10: gives %j back, from a text that any cookie may hold',
    async (value) => {
      const signed = await signer.sign(value, 'browser');
      expect(signed).toMatch(/^[\w.-]+$/);
      expect(await signer.verify(signed, 'browser')).toBe(value);
    },
  );

  it('S10: verifies nothing for another purpose', async () => {
    const signed = await signer.sign('value', 'browser');
    for (const purpose of ['consent', 'browser ', '', 'browse']) {
      expect(await signer.verify(signed, purpose)).toBeUndefined();
    }
  });

  it('S10: verifies nothing that was changed in any one character, cut short or made longer', async () => {
    const signed = await signer.sign('some value', 'browser');
    const changed = Array.from({ length: signed.length }, (_none, index) => [
      signed.slice(0, index),
      `${signed.slice(0, index)}${signed[index] === 'A' ? 'B' : 'A'}${signed.slice(index + 1)}`,
    ]).flat();
    for (const candidate of [...changed, `${signed}A`, `${signed}=`, ` ${signed}`, `${signed}\n`]) {
      expect(await signer.verify(candidate, 'browser')).toBeUndefined();
    }
  });

  it('verifies nothing that was signed with the text of the secret instead of its bytes', async () => {
    const [encoded = '', mark = ''] = (await signer.sign('value', 'browser')).split('.');
    const mac = createHmac('sha256', first.value).update(`browser\n${encoded}`).digest('base64url');
    expect(await signer.verify(`${encoded}.${mark}.${mac}`, 'browser')).toBeUndefined();
  });

  it('S10: signs and looks at no more than a browser keeps', async () => {
    const longest = await signer.sign('x'.repeat(3_030), 'browser');
    expect(longest.length).toBeLessThanOrEqual(4_096);
    expect(await signer.verify(longest, 'browser')).toHaveLength(3_030);
    await expect(signer.sign('x'.repeat(3_040), 'browser')).rejects.toThrow(RangeError);
    secrets.isDown = true;
    expect(await signer.verify(`${'A'.repeat(4_096)}.AAAAAAAAAAA.${'A'.repeat(43)}`, 'browser')).toBe(
      undefined,
    );
  });

  it('S21: verifies after a rotation what the previous version signed, and signs with the newest', async () => {
    const before = await signer.sign('value', 'browser');
    secrets.vault = [second, first];
    await secrets.refresh('cookie-key');
    const after = await signer.sign('value', 'browser');
    expect(after).not.toBe(before);
    expect(await signer.verify(before, 'browser')).toBe('value');
    expect(await signer.verify(after, 'browser')).toBe('value');
    secrets.vault = [second];
    await secrets.refresh('cookie-key');
    expect(await signer.verify(before, 'browser')).toBeUndefined();
  });

  it('looks at the vault again for a version that is not known, and never for one that is', async () => {
    const elsewhere = createCookieSigner(createRotatingSecrets('cookie-key', second, first));
    const signed = await elsewhere.sign('value', 'browser');
    await signer.verify((await signer.sign('value', 'browser')).slice(0, -1) + 'A', 'browser');
    await signer.verify('no signature', 'browser');
    expect(secrets.refreshes).toBe(0);
    secrets.vault = [second, first];
    expect(await signer.verify(signed, 'browser')).toBe('value');
    expect(secrets.refreshes).toBe(1);
  });

  it('passes on that a version could not be looked up', async () => {
    const elsewhere = createCookieSigner(createRotatingSecrets('cookie-key', second));
    secrets.isDown = true;
    const verified = signer.verify(await elsewhere.sign('value', 'browser'), 'browser');
    expect(await refusalOf(verified)).toMatchObject({ code: 'secrets_unavailable' });
  });

  it('does not sign with a secret that is no key', async () => {
    const faulty = createCookieSigner(createRotatingSecrets('cookie-key', { id: 'f', value: 'change me!' }));
    const refusal = await refusalOf(faulty.sign('value', 'browser'));
    expect(refusal).toMatchObject({
      code: 'secret_unusable',
      detail: 'cookie-key (version f) is not base64url',
    });
  });
});
