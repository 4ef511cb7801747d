import { appendFileSync } from 'node:fs';
import fc, { type IRawProperty } from 'fast-check';

/** Inputs of a property of cost 1. `npm run fuzz` sets it. */
const inputs = Number(process.env.FUZZ_RUNS ?? 1_000);
/** The same inputs every time in `npm test`; `npm run fuzz` takes others each time, and prints the seed. */
const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
/** Where `npm run fuzz` reads how many inputs there were. */
const ledger = process.env.FUZZ_LEDGER;

/**
 * Fails with the smallest input found for which the property does not hold, and the seed and path that lead to it again.
 * @param cost how many times longer one input takes than one of the cheapest kind; there are fewer by that, 10 at least
 */
export async function expectToHold<T>(property: IRawProperty<T>, { cost = 1 } = {}): Promise<void> {
  const numRuns = Math.max(10, Math.ceil(inputs / cost));
  await fc.assert(property, { numRuns, seed });
  if (ledger !== undefined) appendFileSync(ledger, `${numRuns}\n`);
}
