import { networkFaults, type NetworkFault } from './faults.ts';

export const dependencies = [
  'Table Storage',
  "Entra's signing keys",
  "Entra's token endpoint",
  'Key Vault',
  'managed identity',
] as const;
export type Dependency = (typeof dependencies)[number];

/** A row of the table in docs/reliability.md. */
export interface FaultRow {
  readonly dependency: Dependency;
  readonly fault: NetworkFault;
  /** What a request is told that cannot be served without it. */
  readonly answer: string;
  /** Requests to the dependency that one request causes; undefined where they cannot be counted or take too long. */
  readonly tries: number | undefined;
  /** Seconds after which the answer is there. */
  readonly within: number;
}

const codes: Readonly<Record<Dependency, string>> = {
  'Table Storage': 'storage_unavailable',
  "Entra's signing keys": 'signing_keys_unavailable',
  "Entra's token endpoint": 'entra_unavailable',
  'Key Vault': 'secrets_unavailable',
  'managed identity': 'secrets_unavailable',
};

/** Faults that the SDK of Azure's services tries again. */
const repeated: readonly NetworkFault[] = ['503', '503 with Retry-After', '429 with Retry-After'];
/** Faults of an answer whose head is in order. */
const spoilsBodies: readonly NetworkFault[] = ['truncated body', 'malformed body'];
/** Faults that end with a deadline. */
const slowFaults: readonly NetworkFault[] = ['stall of 6 s', 'slow drip'];

function countTries(dependency: Dependency, fault: NetworkFault): number | undefined {
  if (fault === 'connection refused' || slowFaults.includes(fault)) return undefined;
  if (repeated.includes(fault) && !dependency.startsWith('Entra')) return 3;
  // The vault is asked twice: it says first what token it wants.
  return dependency === 'Key Vault' && spoilsBodies.includes(fault) ? 2 : 1;
}

/** Its deadline. */
function limitOf(dependency: Dependency): number {
  if (dependency === "Entra's token endpoint") return 10;
  // A call with a token of this server waits 2.5 s for Entra first, and looks at the grant then.
  return dependency === 'Table Storage' ? 7.5 : 5;
}

export const faultRows: readonly FaultRow[] = dependencies.flatMap((dependency) =>
  networkFaults.map((fault) => {
    // Shorter than the deadline of that one.
    const isEndured = dependency === "Entra's token endpoint" && fault === 'stall of 6 s';
    return {
      dependency,
      fault,
      answer: isEndured ? 'served' : `503 ${codes[dependency]}`,
      tries: countTries(dependency, fault),
      within: limitOf(dependency),
    };
  }),
);
