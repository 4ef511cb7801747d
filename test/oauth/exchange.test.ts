import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createExchanges } from '../../src/oauth/exchange.ts';

describe('exchanges', () => {
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

  it('have none outside of them, before and after', async () => {
    const exchanges = createExchanges();
    const outside = () => exchanges.current();
    expect(outside).toThrow('outside of an exchange');
    await exchanges.run('203.0.113.1', () => turn());
    expect(outside).toThrow('outside of an exchange');
  });
});
