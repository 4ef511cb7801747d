import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import packageJson from '../package.json' with { type: 'json' };
import { createApp } from '../src/app.ts';
import { settings } from '../src/config/settings.ts';
import { describeError, errorCodes } from '../src/errors.ts';
import { createProxyEnvironment } from './support/server.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The cells of every table row, without the blanks that formatting puts in. */
const rows = readme
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('the README', () => {
  it.each(settings)(
    'describes the setting $name as the schema does',
    ({ name, description, default: value, aliases = [] }) => {
      const row = rows.find(([cell]) => cell === `\`${name}\``) ?? [];
      expect(row.slice(1)).toEqual([
        description,
        value === undefined ? '' : value === '' ? 'empty' : `\`${value}\``,
        aliases.map((alias) => `\`${alias}\``).join(', '),
      ]);
    },
  );

  it.each(errorCodes.filter((code) => code !== 'internal_error'))('tells what to do about %s', (code) => {
    const row = rows.find(([cell = '']) => cell.includes(`\`${code}\``)) ?? [];
    expect(row[0]).toMatch(new RegExp(`^${describeError(code).status} `));
    expect(row[2]).not.toBe('');
  });

  it('lists every route that people call', () => {
    const { routes } = createApp(createProxyEnvironment(), { sink: () => undefined });
    const listed = rows.map(([cell = '']) => cell).join('\n');
    for (const { path, methods } of routes.filter((route) => !route.path.startsWith('/docs/'))) {
      expect(listed).toContain(`\`${methods[0] ?? ''} ${path}\``);
    }
  });

  it('names only scripts that exist', () => {
    const named = [...readme.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !(String(name) in packageJson.scripts))).toEqual([]);
  });

  it('links only to files that exist, and names only folders and files that exist', () => {
    const links = [...readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)].map(([, path]) => path);
    const names = [...readme.matchAll(/`((?:src|dev|scripts|test|docs)\/[\w./-]*)`/g)].map(
      ([, path]) => path,
    );
    // The one file that the reader is asked to write.
    const written = [...links, ...names].filter((path) => path !== 'src/mcp/tools/shout.ts');
    expect(written.filter((path = '') => !existsSync(join(root, path)))).toEqual([]);
  });
});
