/**
 * The promise, unless `ms` milliseconds pass first: then `onTimeout`'s error. A host does not tell when a client has
 * left, so nothing may run without an end of its own.
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, onTimeout: () => Error): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => {
    reject(onTimeout());
  }, ms);
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
