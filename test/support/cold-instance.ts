/**
 * An instance of the server that has just started, in a process of its own: it asks itself for the paths given as
 * arguments, one after the other, and prints a JSON array with `{status, body, loads}` for each, `loads` being the
 * packages that were imported for the first time. The environment is the server's; TEST_KEY_VAULT_CERTIFICATE is trusted.
 */
import { registerHooks } from 'node:module';
import { trustCertificates } from '../../dev/trust.ts';

trustCertificates(process.env.TEST_KEY_VAULT_CERTIFICATE ?? '');
const packages = new Set<string>();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(found.url) ?? [];
    if (name !== undefined) packages.add(name);
    return found;
  },
});

const { createApp } = await import('../../src/app.ts');
const { routes } = createApp(process.env, { sink: () => undefined });

const answers = [];
for (const path of process.argv.slice(2)) {
  const route = routes.find((candidate) => candidate.path === path);
  if (route === undefined) throw new Error(`no route ${path}`);
  const before = new Set(packages);
  const response = await route.handle(new Request(new URL(path, process.env.PUBLIC_BASE_URL)));
  const body: unknown = await response.json();
  answers.push({ status: response.status, body, loads: [...packages].filter((name) => !before.has(name)) });
}
console.log(JSON.stringify(answers));
