import { afterEach } from '@jest/globals';

/**
 * For the top of a test file: waits for what a test starts, and stops it after that test, whatever has come of it, the
 * last first.
 */
export function stopAfterEach(): <T extends { stop(): Promise<unknown> }>(
  starting: Promise<T>,
) => Promise<T> {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  return async function keep(starting) {
    const started = await starting;
    stops.push(() => started.stop());
    return started;
  };
}
