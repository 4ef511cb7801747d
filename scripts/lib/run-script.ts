import { describeFailure } from '../../dev/failure.ts';

/** Runs a script to its end. Whatever goes wrong becomes one line on standard error and exit code 1. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(`FAILED: ${describeFailure(error)}`);
    process.exitCode = 1;
  }
}
