import { keysDeadlineMs } from '../../src/auth/jwks-cache.ts';
import { questionMs } from '../../src/azure/credential.ts';
import { secretDeadlineMs } from '../../src/azure/key-vault-secrets.ts';
import { operationDeadlineMs } from '../../src/azure/tables.ts';
import { patienceMs } from '../../src/oauth/accounts.ts';
import { entraDeadlineMs } from '../../src/oauth/entra-client.ts';
import { networkFaults, type NetworkFault } from './faults.ts';

export const dependencies = [
  'Table Storage',
  "Entra's signing keys",
  "Entra's token endpoint",
  'Key Vault',
  'managed identity',
] as const;
export type Dependency = (typeof dependencies)[number];

/** The server's deadline of each, milliseconds. */
export const deadlinesMs: Readonly<Record<Dependency, number>> = {
  'Table Storage': operationDeadlineMs,
  "Entra's signing keys": keysDeadlineMs,
  "Entra's token endpoint": entraDeadlineMs,
  'Key Vault': secretDeadlineMs,
  'managed identity': questionMs,
};

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
export const spoilsBodies: readonly NetworkFault[] = ['truncated body', 'malformed body'];
/** Faults that end with a deadline. */
const slowFaults: readonly NetworkFault[] = ['stall of 6 s', 'slow drip'];

function countTries(dependency: Dependency, fault: NetworkFault): number | undefined {
  if (fault === 'connection refused' || slowFaults.includes(fault)) return undefined;
  if (repeated.includes(fault) && !dependency.startsWith('Entra')) return 3;
  // The vault is asked twice: it says first what token it wants.
  return dependency === 'Key Vault' && spoilsBodies.includes(fault) ? 2 : 1;
}

/** When whoever needs it is answered at the latest, milliseconds. */
function limitOf(dependency: Dependency): number {
  // A call with a token of this server waits for Entra first, and looks at the grant then.
  if (dependency === 'Table Storage') return patienceMs + operationDeadlineMs;
  // It is asked while the vault's deadline runs.
  return dependency === 'managed identity' ? secretDeadlineMs : deadlinesMs[dependency];
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
      within: limitOf(dependency) / 1_000,
    };
  }),
);
