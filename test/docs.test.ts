import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import packageJson from '../package.json' with { type: 'json' };
import { probeNames, probes } from './support/fault-probes.ts';
import { deadlinesMs, dependencies, faultRows } from './support/fault-rows.ts';
import { auditActions } from '../src/http/audit.ts';
import { coreRoutes, pageRoutes } from '../src/endpoints/routes.ts';
import { listSignInRoutes } from '../src/endpoints/sign-in-routes.ts';
import * as telemetryNames from '../src/telemetry/names.ts';

const root = join(import.meta.dirname, '..');

const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .sort(),
];

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The text without its code blocks. */
function readProse(path: string): string {
  return read(path).replaceAll(/^```[^]*?^```$/gm, '');
}

/** What GitHub calls the headings of a document. */
function anchorsOf(path: string): string[] {
  const seen = new Map<string, number>();
  return [...readProse(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const plain = heading
      .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(plain) ?? 0;
    seen.set(plain, count + 1);
    return count === 0 ? plain : `${plain}-${count}`;
  });
}

function isMissingLink(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : join(dirname(from), path);
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

/** Folders at the root, as the beginning of a path that is named in a text. */
const folders = ['src', 'dev', 'scripts', 'test', 'docs', 'infra', '.github', '.vscode', '.devcontainer'];
const namedPath = new RegExp(
  `\`((?:${folders.map((name) => name.replace('.', '\\.')).join('|')})/[^\`\\s]*)\``,
  'g',
);

/** The one file that the reader is asked to write. */
const unwritten = 'src/mcp/tools/shout.ts';

describe.each(documents)('%s', (path) => {
  it('links only to files and headings that exist', () => {
    const links = [...readProse(path).matchAll(/\]\(((?![a-z]+:)[^)\s]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => isMissingLink(path, link))).toEqual([]);
  });

  it('names only folders and files that exist', () => {
    const names = [...readProse(path).matchAll(namedPath)].map(([, name = '']) => name);
    const missing = names.filter((name) => name !== unwritten && !existsSync(join(root, name)));
    expect(missing).toEqual([]);
  });

  it('names only scripts that exist', () => {
    const named = [...read(path).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in packageJson.scripts))).toEqual([]);
  });
});

describe('docs/reliability.md', () => {
  /** The rows of the table below a heading. */
  const rowsBelow = (heading: string) => {
    const [, section = ''] = read('docs/reliability.md').split(`\n## ${heading}\n`);
    return (section.split(/^## /m)[0] ?? '')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.includes('| ---'))
      .slice(1)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
  };

  it('has the deadline of each dependency that the server has', () => {
    const listed = rowsBelow('What depends on what').map(([name, , , deadline = '']) => [
      name,
      /^[\d.]+ s\b/.exec(deadline)?.[0],
    ]);
    expect(listed).toEqual(dependencies.map((name) => [name, `${deadlinesMs[name] / 1_000} s`]));
  });

  it('has the rows that the tests of faults go through, each once and in their order', () => {
    const listed = rowsBelow('Faults');
    const tested = faultRows.map(({ dependency, fault, answer, tries, within }) => [
      dependency,
      fault,
      answer.replace(/^503 (.*)/, '503 `$1`'),
      String(tries ?? '-'),
      `${within} s`,
    ]);
    expect(listed).toEqual(tested);
  });

  it('is about faults in which every route is asked that is no file of Swagger UI', () => {
    const asked = new Set<string>(probeNames.map((name) => probes[name].path));
    const routes = [
      ...Object.values(coreRoutes),
      ...Object.values(pageRoutes),
      ...listSignInRoutes({ registration: true }),
    ];
    // A checkout compresses them first, which would take longer than all the others.
    const files: readonly string[] = [pageRoutes.docsStyle.path, pageRoutes.docsScript.path];
    const paths = routes.map(({ path }) => path).filter((path) => !files.includes(path));
    expect([...asked].sort()).toEqual(paths.sort());
  });

  it('is about faults that all have a test', () => {
    const files = readdirSync(join(root, 'test/e2e')).filter((name) => /^faults-.*\.test\.ts$/.test(name));
    const tested = files.map((name) => /dependency: (['"])(.*)\1,/.exec(read(`test/e2e/${name}`))?.[2]);
    expect(tested.sort()).toEqual([...dependencies].sort());
  });
});

describe('docs/operations.md', () => {
  const operations = read('docs/operations.md');
  const rows = [...operations.matchAll(/^\| `(\w+)`.*$/gm)];

  it('tells of every event that the server logs, and of no other', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => read(join('src', path)));
    const logged = sources.flatMap((source) =>
      [...source.matchAll(/\blog\([^,]+,\s*'(\w+)'/g)].map(([, name]) => name),
    );
    const [, events = ''] = operations.split(/^### Events$/m);
    const listed = [...(events.split(/^#/m)[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual([...new Set(logged)].sort());
  });

  it('asks in its queries for fields that it describes', () => {
    const described = rows.flatMap(([row]) => [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    const asked = [...operations.matchAll(/\bline\.(\w+)/g)].map(([, name]) => name);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !described.includes(name))).toEqual([]);
  });

  it('says what to do for every alert', () => {
    const alerts = [...read('infra/app/alerts.bicep').matchAll(/^ {2,4}name: '([a-z-]+?)(?:-\$\{name\})?'/gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'healthz' && name !== 'operator');
    expect(alerts.length).toBeGreaterThan(0);
    expect(alerts.filter((name) => !operations.includes(`| \`${name}\``))).toEqual([]);
  });
});

describe('docs/operations.md on what is seen from outside', () => {
  const operations = read('docs/operations.md');
  /** The rows of a table below a heading or a line, as name and description. */
  const tableAfter = (mark: string) => {
    const [, after = ''] = operations.split(mark);
    const table = after.slice(after.indexOf('\n| ---')).split(/\n\n/, 1)[0] ?? '';
    return table
      .split('\n')
      .slice(2)
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
  };
  const listAfter = (mark: string) => new Map(tableAfter(mark).map(([, name, what]) => [name, what]));
  const plain = (catalogue: Readonly<Record<string, string>>) =>
    new Map(Object.entries(catalogue).map(([name, what]) => [name, what.replaceAll('`', '')]));

  it('has the audit events, the metrics and the caches of the code', () => {
    expect(listAfter('\n### Audit\n')).toEqual(plain(auditActions));
    expect(listAfter('\n### Metrics\n')).toEqual(
      plain({ ...telemetryNames.counters, ...telemetryNames.histograms }),
    );
    expect(listAfter('Caches, in `entra_mcp.cache`:')).toEqual(plain(telemetryNames.caches));
  });

  it('has a span for each thing that the server asks', () => {
    const rows = tableAfter('\n### Spans\n').filter(([, , kind]) => kind === 'client');
    const spans = new Map(rows.map(([, name = '', , what]) => [name.replace(' {operation}', ''), what]));
    expect(spans).toEqual(plain(telemetryNames.dependencies));
  });
});
