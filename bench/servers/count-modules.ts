/** Preloaded into a server: counts the files that are loaded as modules, and writes their number at the end. */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const files = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith('file:')) files.add(url);
    return nextLoad(url, context);
  },
});
process.on('exit', () => {
  const { BENCH_MODULES_FILE: path } = process.env;
  // The first is the program itself.
  if (path !== undefined) writeFileSync(path, String(files.size - 1));
});
