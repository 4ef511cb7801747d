/**
 * The promise, unless `ms` milliseconds pass first: then `onTimeout`'s error. A host does not tell when a client has
 * left, so nothing may run without an end of its own.
 */
export function withDeadline<T>(work: Promise<T>, ms: number, onTimeout: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(onTimeout());
    }, ms);
    void work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
