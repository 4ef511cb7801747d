import { describe, expect, it } from '@jest/globals';
import { endStreamAfter } from '../src/streams.ts';

describe('endStreamAfter', () => {
  it('passes a stream on to its own end', async () => {
    const body = new Blob(['one']).stream();
    expect(await new Response(endStreamAfter(body, 60_000)).text()).toBe('one');
  });

  it('ends a stream that does not end by itself, and lets its source go', async () => {
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('begun')),
      cancel: () => {
        cancelled = true;
      },
    });
    expect(await new Response(endStreamAfter(endless, 20)).text()).toBe('begun');
    expect(cancelled).toBe(true);
  });

  it('passes a source’s failure on, and does nothing to a broken stream when its time has come', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('broken')),
    });
    await expect(new Response(endStreamAfter(broken, 10)).text()).rejects.toThrow('broken');
    // Past the deadline: a close of the broken stream would be an uncaught exception, which fails the run.
    await new Promise((resolve) => setTimeout(resolve, 30));
  });

  it('lets the source go when its reader leaves', async () => {
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      cancel: () => {
        cancelled = true;
      },
    });
    await endStreamAfter(endless, 60_000).cancel();
    expect(cancelled).toBe(true);
  });
});
