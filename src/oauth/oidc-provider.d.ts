/** What the library finds its requests by; it has no type of its own. */
declare module 'oidc-provider/lib/helpers/als.js' {
  import type { AsyncLocalStorage } from 'node:async_hooks';
  const requestStorage: AsyncLocalStorage<unknown>;
  // eslint-disable-next-line no-restricted-exports -- the library's
  export default requestStorage;
}
