import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createApp } from '../src/app.ts';
import { settings } from './support/settings.ts';
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

  it('has every parameter of the deployment that a person may choose, with its default', () => {
    const { parameters } = JSON.parse(readFileSync(join(root, 'infra/main.parameters.json'), 'utf8')) as {
      parameters: Record<string, { value: string }>;
    };
    const section = /\n## Deploy\n([^]*?)\n## /.exec(readme)?.[1] ?? '';
    for (const { value } of Object.values(parameters)) {
      const [, name = '', preset = ''] = /^\$\{(\w+)=?(.*)\}$/.exec(value) ?? [];
      if (name.startsWith('AZURE_')) continue;
      expect(section).toContain(`\`${name}\``);
      const row = rows.find(([cell]) => cell === `\`${name}\``);
      const isSetting = settings.some((setting) => setting.name === name);
      if (row !== undefined && !isSetting) expect(row[2]).toBe(preset === '' ? 'empty' : `\`${preset}\``);
    }
  });

  it('runs azd’s commands as azd has them', () => {
    const commands = [...readme.matchAll(/\bazd ([a-z]+)/g)].map(([, name]) => name ?? '');
    const known = ['auth', 'deploy', 'down', 'env', 'hooks', 'pipeline', 'provision', 'up'];
    const words = ['and', 'has', 'is'];
    expect(commands.filter((name) => ![...known, ...words].includes(name))).toEqual([]);
  });
});
