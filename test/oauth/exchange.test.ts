import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createExchanges } from '../../src/oauth/exchange.ts';

describe('exchanges', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('know whose they are through every wait, whichever of them ends first', async () => {
    const exchanges = createExchanges();
    const [begun, ended] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const long = exchanges.run('203.0.113.1', async () => {
      begun.resolve(undefined);
      await ended.promise;
      await turn();
      return exchanges.current().address;
    });
    await begun.promise;
    const short = await exchanges.run('203.0.113.2', async () => {
      await turn();
      return exchanges.current().address;
    });
    ended.resolve(undefined);
    expect([short, await long]).toEqual(['203.0.113.2', '203.0.113.1']);
    const next = exchanges.run('203.0.113.3', async () => {
      await turn();
      return exchanges.current().address;
    });
    await expect(next).resolves.toBe('203.0.113.3');
  });

  it('have none outside of them, and after the last of them what was asked for is done', async () => {
    const exchanges = createExchanges();
    const outside = () => exchanges.current();
    expect(outside).toThrow('outside of an exchange');
    const disable = jest.spyOn(AsyncLocalStorage.prototype, 'disable');
    const rests: string[] = [];
    exchanges.whenNoneRuns(() => rests.push('rest'));
    const failing = exchanges.run('203.0.113.1', async () => {
      await exchanges.run('203.0.113.2', () => turn());
      expect([rests, disable.mock.calls]).toEqual([[], []]);
      throw new Error('it failed');
    });
    await expect(failing).rejects.toThrow('it failed');
    expect(rests).toEqual(['rest']);
    // Its own storage: Node follows no promise for it any more.
    expect(disable).toHaveBeenCalledTimes(1);
    expect(outside).toThrow('outside of an exchange');
  });
});
