import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

function listFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

interface Import {
  readonly from: string;
  /** A file of the project, or a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

function readImports(file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8');
  const statements = source.matchAll(
    /(?:^|\s)(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/g,
  );
  return [...statements].map(([, type, fixed, dynamic]) => {
    const target = fixed ?? dynamic ?? '';
    // A package is one, whichever of its entries is imported.
    const [packageName = target] = /^(@[^/]+\/)?[^/]+/.exec(target) ?? [];
    const to = target.startsWith('.') ? posix.join(posix.dirname(file), target) : packageName;
    return { from: file, to, typeOnly: type !== undefined };
  });
}

const sources = listFiles('src');
const imports = sources.flatMap(readImports);

/** Which room a file is in: the folder below src, or for a file at the top its name. */
function roomOf(file: string): string {
  const [, first = '', second] = file.split('/');
  return second === undefined ? first.replace(/\.ts$/, '') : first;
}

/** Which rooms a room may enter; a room may always use what is its own. */
const doors: Readonly<Record<string, readonly string[]>> = {
  main: ['app', 'azure'],
  app: [
    'auth',
    'azure',
    'config',
    'endpoints',
    'errors',
    'http',
    'jobs',
    'log',
    'mcp',
    'oauth',
    'once',
    'stores',
    'telemetry',
  ],
  endpoints: [
    'auth (types)',
    'config (types)',
    'deadline',
    'errors',
    'http',
    'log',
    'loopback',
    'mcp',
    'oauth',
    'once',
    'stores',
    'streams',
  ],
  oauth: [
    'auth',
    'bounded-map',
    'config (types)',
    'deadline',
    'errors',
    'json',
    'log',
    'loopback',
    'quota',
    'stores',
    'telemetry',
  ],
  mcp: ['auth (types)', 'deadline', 'errors', 'stores', 'telemetry'],
  auth: ['bounded-map', 'config (types)', 'errors', 'stores', 'telemetry'],
  azure: [
    'config (types)',
    'deadline',
    'errors',
    'http (types)',
    'jobs (types)',
    'log',
    'loopback',
    'once',
    'stores',
    'streams',
    'telemetry',
  ],
  http: [
    'auth (types)',
    'bounded-map',
    'deadline',
    'errors',
    'json',
    'log',
    'loopback',
    'quota',
    'streams',
    'telemetry',
  ],
  jobs: ['http', 'log', 'telemetry'],
  telemetry: ['config (types)', 'deadline', 'errors'],
  stores: ['bounded-map', 'errors', 'quota (types)'],
  config: ['log', 'loopback'],
  log: [],
  errors: ['quota (types)'],
  json: ['errors'],
  'bounded-map': [],
  deadline: [],
  loopback: [],
  once: [],
  quota: [],
  streams: [],
};

/** Packages that only some rooms may know. */
const packageRooms: Readonly<Record<string, readonly string[]>> = {
  '@azure/functions': ['azure', 'main'],
  '@azure/core-rest-pipeline': ['azure'],
  '@azure/data-tables': ['azure'],
  '@azure/identity': ['azure'],
  'set-cookie-parser': ['azure'],
  '@azure/keyvault-secrets': ['azure'],
  '@azure/monitor-opentelemetry-exporter': ['azure'],
  'ipaddr.js': ['oauth'],
  jose: ['auth', 'oauth'],
  'light-my-request': ['oauth'],
  oauth4webapi: ['oauth'],
  'oidc-provider': ['oauth'],
  hono: ['endpoints', 'http'],
  '@modelcontextprotocol/server': ['mcp'],
};

/** Who may know a package. */
function roomsFor(name: string): readonly string[] | undefined {
  return name.startsWith('@opentelemetry/') ? ['azure', 'telemetry'] : packageRooms[name];
}

describe('the architecture', () => {
  it('lets each room enter only the rooms it may', () => {
    const trespasses = imports
      .filter(({ to }) => to.startsWith('src/'))
      .map((edge) => ({ ...edge, fromRoom: roomOf(edge.from), toRoom: roomOf(edge.to) }))
      .filter(({ fromRoom, toRoom, typeOnly }) => {
        const open = doors[fromRoom] ?? [];
        return (
          fromRoom !== toRoom && !open.includes(toRoom) && !(typeOnly && open.includes(`${toRoom} (types)`))
        );
      });
    expect(trespasses).toEqual([]);
  });

  it('keeps src free of what runs only on a laptop', () => {
    expect(imports.filter(({ to }) => /^(dev|scripts|test|bench)\//.test(to))).toEqual([]);
  });

  it('keeps each platform’s packages in its room', () => {
    const strays = imports.filter(({ from, to }) => {
      const rooms = roomsFor(to);
      return rooms !== undefined && !rooms.includes(roomOf(from));
    });
    expect(strays).toEqual([]);
  });

  it('has no Azure package outside the table above', () => {
    const azure = new Set(imports.map(({ to }) => to).filter((to) => to.startsWith('@azure/')));
    expect([...azure].filter((name) => packageRooms[name] === undefined)).toEqual([]);
  });

  it('has no cycles', () => {
    const edges = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (!typeOnly && to.startsWith('src/')) edges.set(from, [...(edges.get(from) ?? []), to]);
    }
    const done = new Set<string>();
    function visit(file: string, path: readonly string[]): void {
      if (path.includes(file)) throw new Error(`cycle: ${[...path, file].join(' -> ')}`);
      if (done.has(file)) return;
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    }
    expect(() => {
      for (const file of sources) visit(file, []);
    }).not.toThrow();
  });

  it('reads the environment in main.ts only', () => {
    const readers = sources.filter((file) => readFileSync(join(root, file), 'utf8').includes('process.env'));
    expect(readers).toEqual(['src/main.ts']);
    expect(imports.filter(({ to }) => to === 'node:process')).toEqual([]);
  });

  it('has a door list for every room', () => {
    expect([...new Set(sources.map(roomOf))].sort()).toEqual(Object.keys(doors).sort());
  });

  it('lets every tool, resource and prompt into its index', () => {
    for (const kind of ['tools', 'resources', 'prompts']) {
      const files = listFiles(`src/mcp/${kind}`).filter((file) => !file.endsWith('/index.ts'));
      const indexed = readImports(`src/mcp/${kind}/index.ts`).map(({ to }) => to);
      expect(indexed.sort()).toEqual(files.sort());
    }
  });
});
