import fc from 'fast-check';
import { describe, it } from '@jest/globals';
import { createSealer } from '../../src/oauth/sealer.ts';
import { createTokenSealer } from '../../src/oauth/token-sealer.ts';
import { createRotatingSecrets, randomVersion } from '../auth/rotating-secrets.ts';
import { expectToHold } from '../support/fuzz.ts';
import { anyEdit, anyText, base64urlText, change, checkPrototypes, jsonText } from './arbitraries.ts';

const secrets = createRotatingSecrets('encryption-key', randomVersion('a1'));
const sealer = createSealer(secrets);
const place = 'cookie/login';

const header = jsonText(
  ['alg', 'enc', 'kid', 'zip', 'crit', 'b64', 'epk', 'p2c', 'jwk'],
  ['"dir"', '"A256GCM"', '"a1"', '"DEF"', '["zip"]', '"RSA-OAEP"', '"A128KW"'],
).map((text) => Buffer.from(text).toString('base64url'));
const part = base64urlText({ minLength: 0, maxLength: 24 });
const forged = fc
  .tuple(
    fc.oneof(header, fc.constant('eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiYTEifQ')),
    part,
    part,
    part,
  )
  .map((parts) => parts.join('.'));

/** Whether two texts of four parts are the same bytes: base64url has several spellings for an end. */
function isSameBytes(left: string, right: string): boolean {
  const decode = (text: string) =>
    text.split('.').map((one) => Buffer.from(one, 'base64url').toString('hex'));
  return decode(left).join('.') === decode(right).join('.');
}

describe('what a browser keeps sealed', () => {
  it('opens as it was sealed, and with no bit of it changed, in no other place', () =>
    expectToHold(
      fc.asyncProperty(anyText, anyText, anyEdit, async (text, other, edit) => {
        const plain = text.toWellFormed();
        const sealed = await sealer.seal(plain, place);
        const changed = change(sealed, edit);
        return (
          (await sealer.open(sealed, place)) === plain &&
          (isSameBytes(sealed, changed) || (await sealer.open(changed, place)) === undefined) &&
          (other === place || (await sealer.open(sealed, other)) === undefined)
        );
      }),
      { cost: 10 },
    ));

  it('is not found in what anybody else writes, and nothing fails over it', () =>
    expectToHold(
      fc.asyncProperty(fc.oneof(forged, anyText), async (text) => {
        const opened = await sealer.open(text, place);
        checkPrototypes();
        return opened === undefined;
      }),
      { cost: 2 },
    ));
});

describe('the reply that is kept for a token', () => {
  it('opens with that token alone', () =>
    expectToHold(
      fc.asyncProperty(anyText, anyEdit, async (text, edit) => {
        const { seal, open } = createTokenSealer();
        const token = 'r'.repeat(43);
        const sealed = await seal(text.toWellFormed(), token);
        return (
          (await open(sealed, token)) === text.toWellFormed() &&
          (await open(sealed, change(token, edit))) === undefined
        );
      }),
      { cost: 10 },
    ));
});
