/**
 * The promise, unless `ms` milliseconds pass first: then `onTimeout`'s error. A host does not tell when a client has
 * left, so nothing may run without an end of its own.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, onTimeout: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(onTimeout());
    }, ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
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
