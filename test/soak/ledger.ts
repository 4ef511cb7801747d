import type { UserName } from '../../dev/oauth-client/raw-oauth.ts';

/** What became of a note as far as its author was told. */
type Fate = 'perhaps saved' | 'saved' | 'perhaps deleted' | 'deleted';

/** What was done, what came of it, and what must not have happened. */
export interface Ledger {
  /** Counts an action by its outcome. */
  count(action: string, outcome: string): void;
  /** Notes down what must not happen. */
  violate(text: string): void;
  /** Notes down what a reader of the counts wants to know beside them: a sentence. */
  remark(text: string): void;
  readonly remarks: readonly string[];
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly violations: readonly string[];
  /** By text, which is unique. */
  readonly notes: Map<string, { readonly user: UserName; fate: Fate }>;
}

/** Most that is told of what went wrong. */
const maxViolations = 50;

export function createLedger(): Ledger {
  const counts = new Map<string, Map<string, number>>();
  const [violations, remarks]: [string[], string[]] = [[], []];
  return {
    counts,
    violations,
    remarks,
    remark: (text) => void remarks.push(text),
    notes: new Map(),
    count(action, outcome) {
      const outcomes = counts.get(action) ?? new Map<string, number>();
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      counts.set(action, outcomes);
    },
    violate(text) {
      if (violations.length < maxViolations) violations.push(text);
    },
  };
}
