/**
 * `node --import loads.ts …`: tells on stderr, as `loads {file}`, each file of a bundle at the moment it is loaded.
 */
import { registerHooks } from 'node:module';
import { basename } from 'node:path';

registerHooks({
  load(url, context, nextLoad) {
    if (url.endsWith('.cjs')) console.error(`loads ${basename(url)}`);
    return nextLoad(url, context);
  },
});
