export function isEventStream(headers: Headers): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

/** The stream, ended after `ms` milliseconds whatever its source still has to say. */
export function endStreamAfter(body: ReadableStream<Uint8Array>, ms: number): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  return new ReadableStream({
    start(controller) {
      timer = setTimeout(() => {
        ended = true;
        controller.close();
        reader.cancel().catch(() => undefined);
      }, ms);
    },
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        clearTimeout(timer);
        throw error;
      });
      if (!done) {
        controller.enqueue(value);
        return;
      }
      clearTimeout(timer);
      // The deadline may have closed it while this read was under way.
      if (!ended) controller.close();
    },
    cancel(reason) {
      clearTimeout(timer);
      return reader.cancel(reason);
    },
  });
}
