import type { Dependency } from '../support/fault-rows.ts';

/** What is put out of order. */
export type Trouble = Dependency | 'killed instance' | 'lost answers' | 'new signing keys of Entra';

/** When what was out of order, so that every failure has a cause at its time. */
export interface Troubles {
  /** From now on until what it gives is called. */
  begin(trouble: Trouble): () => void;
  /** Whether something that began then, and has ended now, may have come to this. */
  explain(outcome: string, beganAt: number): boolean;
}

const entra: readonly Trouble[] = ["Entra's token endpoint", "Entra's signing keys"];
const dependencies: readonly Trouble[] = [...entra, 'Table Storage', 'Key Vault', 'managed identity'];

/** Of what each failure may come. Entra's two are at one address, where connections are refused to both. */
const causes: Readonly<Record<string, readonly Trouble[]>> = {
  'no answer': ['killed instance', 'lost answers'],
  storage_unavailable: ['Table Storage'],
  storage_contended: ['Table Storage'],
  secrets_unavailable: ['Key Vault', 'managed identity'],
  signing_keys_unavailable: entra,
  entra_unavailable: entra,
  timed_out: dependencies,
  // A sign-in that came back from Entra, and a page that told the person so.
  temporarily_unavailable: dependencies,
  'sign-in broke off': dependencies,
  // Keys that are not known are asked for every 30 seconds at most: strangers choose their ids.
  access_denied: ['new signing keys of Entra'],
};

/** How long after its end something may still be felt: by those who wait for what was asked while it lasted. */
const aftermathMs = 10_000;
/** Two intervals of 30 seconds between questions for keys: a new one may just have begun. */
const unknownKeysMs = 60_000;

export function createTroubles(now: () => number = Date.now): Troubles {
  const spans: { readonly trouble: Trouble; until: number }[] = [];
  return {
    begin(trouble) {
      const span = { trouble, until: Number.POSITIVE_INFINITY };
      spans.push(span);
      return () => void (span.until = now());
    },
    explain(outcome, beganAt) {
      if (outcome === 'done') return true;
      const possible = causes[outcome] ?? [];
      return spans.some(({ trouble, until }) => {
        const lasting = trouble === 'new signing keys of Entra' ? unknownKeysMs : aftermathMs;
        return possible.includes(trouble) && until + lasting >= beganAt;
      });
    },
  };
}
