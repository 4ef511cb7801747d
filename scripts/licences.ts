import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { listShippedPackages } from './lib/shipped-packages.ts';

/** `npm run licences`: writes docs/licences.md, the licences of what is deployed. */
const projectRoot = resolve(import.meta.dirname, '..');
const path = join(projectRoot, 'docs/licences.md');

const packages = await listShippedPackages();
const text = `# Licences of what ships

What is deployed holds this project's own code (MIT, see [LICENSE](../LICENSE)) and code or files of these npm packages, by the licence that each one's \`package.json\` names. Their versions are in \`package-lock.json\`. \`npm run licences\` writes this list anew; \`test/scripts/licences.test.ts\` compares it with a build and allows no licence that asks for more than that its notice is kept.

| Package | Licence |
| --- | --- |
${packages.map(({ name, licence }) => `| \`${name}\` | ${licence} |`).join('\n')}
`;
await writeFile(path, await format(text, { ...(await resolveConfig(path)), parser: 'markdown' }));
console.log(`docs/licences.md: ${packages.length} packages`);
