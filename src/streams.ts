export function isEventStream(headers: Headers): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

/** The stream, with work to be done once when it has ended: at its end, at a failure, or when nobody reads it any more. */
export function whenStreamEnds(
  body: ReadableStream<Uint8Array>,
  work: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let isDone = false;
  function end(): void {
    if (!isDone) work();
    isDone = true;
  }
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        end();
        controller.close();
      } catch (error) {
        end();
        throw error;
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  });
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
