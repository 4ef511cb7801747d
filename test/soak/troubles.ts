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

interface Cause {
  readonly of: readonly Trouble[];
  /** How long after its end it may still be felt, milliseconds. */
  readonly forMs: number;
}

const entra: readonly Trouble[] = ["Entra's token endpoint", "Entra's signing keys"];
const dependencies: readonly Trouble[] = [...entra, 'Table Storage', 'Key Vault', 'managed identity'];

/** By those who wait for what was asked while it lasted: the longest deadline. */
function during(...of: readonly Trouble[]): Cause {
  return { of, forMs: 10_000 };
}

/** Keys that are not known are asked for every 30 seconds at most: strangers choose their ids. */
const newKeys: Cause = { of: ['new signing keys of Entra'], forMs: 30_000 };

/**
 * Of what each failure may come. Entra's two are at one address, where connections are refused to both, and to the
 * browser that signs in there.
 */
const causes: Readonly<Record<string, readonly Cause[]>> = {
  'no answer': [during('killed instance', 'lost answers', ...entra)],
  storage_unavailable: [during('Table Storage')],
  storage_contended: [during('Table Storage')],
  secrets_unavailable: [during('Key Vault', 'managed identity')],
  signing_keys_unavailable: [during(...entra)],
  entra_unavailable: [
    during(...entra),
    newKeys,
    // Whoever died while it confirmed an account, or could not write that it has, leaves a lease of 20 seconds.
    { of: ['killed instance', 'Table Storage'], forMs: 30_000 },
  ],
  timed_out: [during(...dependencies)],
  // A sign-in that came back from Entra, and a page that told the person so.
  temporarily_unavailable: [during(...dependencies), newKeys],
  'sign-in broke off': [during(...dependencies)],
};

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
      return (causes[outcome] ?? []).some(({ of, forMs }) =>
        spans.some(({ trouble, until }) => of.includes(trouble) && until + forMs >= beganAt),
      );
    },
  };
}
