import type { Arbitrary } from 'fast-check';
import { toCommand, type SignInCommand, type Step } from './command.ts';
import * as attack from './sign-in-attacks.ts';
import * as signIn from './sign-in-steps.ts';
import * as token from './token-steps.ts';

interface NamedStep {
  readonly name: string;
  readonly commands: readonly Arbitrary<SignInCommand>[];
}

/** @param times how many times more often than the rarest it is drawn */
function name<T>(name: string, step: Step<T>, times = 1): NamedStep {
  return { name, commands: Array.from({ length: times }, () => toCommand(name, step)) };
}

/** What the parties do, in any order that the model allows. What leads to tokens comes often: it is what is attacked. */
const steps: readonly NamedStep[] = [
  name('register a client', signIn.registration),
  name('ask for authorization', signIn.authorization, 4),
  name('decide', signIn.decision, 5),
  name('decide too late', signIn.lateDecision),
  name('sign in at Entra', signIn.signInUpstream, 5),
  name('come back from Entra', signIn.delivery, 2),
  name('redeem a code', token.redemption, 3),
  name('refresh', token.renewal, 4),
  name('use the tokens', token.use),
  name('revoke', token.revocation),
  name('wait a minute', token.minute),

  name('feed a link', attack.fedLink, 2),
  name('feed a consent page', attack.fedPage, 3),
  name('post a stolen consent form', attack.stolenForm),
  name('swap the requests of two forms', attack.swappedForm),
  name('bring back to another browser', attack.strayCallback),
  name('plant the cookies from before Allow', attack.plantedCookies),
  name('swap the cookies of two sign-ins', attack.swappedCookie),
  name('carry the way to Entra to another browser', attack.carriedToEntra),
  name('replay a callback', attack.replayedCallback),
  name('inject a stolen code of Entra', attack.injectedCode, 3),
  name('bring back twice at once', attack.racedCallback),
  name('two people at once for one request', attack.racedPeople),
  name('redeem a stolen code', token.stolenCode, 2),
  name('replay a code', token.replayedCode),
  name('redeem a code at once with a thief', token.racedCode),
  name('reuse a refresh token', token.reusedRefreshToken, 3),
  name('refresh as another client', token.stolenRefreshToken),
  name('revoke as another client', token.othersRevocation),
];

export const commands = steps.flatMap((step) => step.commands);

/** What has to be seen for a run of them to say anything: every step, and what they can come to. */
export const outcomes: readonly string[] = [
  ...steps.map((step) => step.name),
  'denied',
  'given up at Entra',
  'not let in',
  'not asked again',
  'asked in spite of a memory',
  'delivered too late',
  'stolen code as another client',
  'stolen code as another client at its address',
  'stolen code with a wrong verifier',
  'stolen code for another address',
  'ended by its code',
  'ended by an old token',
  'ended by a late repeat',
  'repeat forgiven',
  'tokens for alice',
  'tokens for bob',
];
