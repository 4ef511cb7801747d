import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenants } from '../../dev/entra/directory.ts';
import { expectToHold } from '../support/fuzz.ts';
import { startCluster, type Cluster } from '../support/instances.ts';
import type { SignInCommand } from './sign-in/command.ts';
import { createModel, type Client } from './sign-in/model.ts';
import { register } from './sign-in/sign-in-steps.ts';
import { commands, outcomes } from './sign-in/steps.ts';
import { expectAllToStand, putBack } from './sign-in/token-steps.ts';

const noOnesTenant = '33333333-3333-4333-8333-333333333333';

let cluster: Cluster;
let clients: readonly Client[];
/** How often what was seen to happen. */
const seen = new Map<string, number>();
let runs = 0;

beforeAll(async () => {
  // Two tenants, so that Entra signs everybody in, and the server has to look who it is.
  cluster = await startCluster({
    ENTRA_TENANT_ID: 'organizations',
    ENTRA_ALLOWED_TENANTS: [tenants.contoso.id, noOnesTenant].join(','),
    // These people call more often than people do.
    MCP_CALLS_PER_MINUTE: '0',
  });
  clients = [await register(cluster.url, 'client-0'), await register(cluster.url, 'client-1')];
});
afterAll(() => cluster.stop());

/** Takes the steps, among parties who have done nothing yet. */
async function take(steps: Iterable<SignInCommand>): Promise<void> {
  runs += 1;
  // Limits are by address, and here everybody has the same.
  cluster.balancer.from = `2001:db8:0:${runs.toString(16)}::1`;
  const model = createModel(clients);
  const real = { cluster, count: (what: string) => void seen.set(what, (seen.get(what) ?? 0) + 1) };
  try {
    await fc.asyncModelRun(() => ({ model, real }), steps);
    await expectAllToStand(model, real);
  } finally {
    await putBack(model, real);
  }
}

describe('sign-ins of several clients, browsers and attackers on two instances', () => {
  it(
    'give a token only to the client that a person consented to, for that person',
    async () => {
      const anySteps = fc.noBias(fc.commands(commands, { maxCommands: 350, size: 'max' }));
      await expectToHold(fc.asyncProperty(anySteps, take), { cost: 250 });
      expect(outcomes.filter((outcome) => !seen.has(outcome))).toEqual([]);
      expect(seen.get('tokens')).toBeGreaterThan(30);
    },
    // Half a minute where it holds; where it does not, the steps are made fewer before they are told.
    600_000,
  );
});
