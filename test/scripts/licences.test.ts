import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { listShippedPackages, type ShippedPackage } from '../../scripts/lib/shipped-packages.ts';

/** Licences (SPDX) that ask for nothing but that their notices are kept. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

let packages: readonly ShippedPackage[];
beforeAll(async () => {
  packages = await listShippedPackages();
});

describe('the packages that are deployed', () => {
  it('have licences that ask for nothing but that their notices are kept', () => {
    expect(packages.filter(({ licence }) => !allowed.includes(licence))).toEqual([]);
  });

  it('are those of docs/licences.md, each with its licence', () => {
    const document = readFileSync(join(import.meta.dirname, '../../docs/licences.md'), 'utf8');
    const listed = [...document.matchAll(/^\| `([^`]+)` *\| (\S+) *\|$/gm)].map(([, name, licence]) => ({
      name,
      licence,
    }));
    expect(listed).toEqual(packages);
  });

  it('are what the code is made of: the SDKs, oidc-provider, jose, and the pages’ files', () => {
    const names = packages.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        '@azure/data-tables',
        '@modelcontextprotocol/server',
        'jose',
        'oidc-provider',
        'swagger-ui-dist',
        'zod',
      ]),
    );
    expect(names).not.toContain('fast-check');
  });
});
