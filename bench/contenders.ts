import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eras, type Era, type MakeCall } from './calls.ts';

/** A server of the comparison. */
export interface Contender {
  /** As `--only` takes it, and the results name it. */
  readonly name: string;
  readonly title: string;
  /** Below bench/servers. */
  readonly file: string;
  /**
   * This server on its local host, the same with its authorization server and a token of that, its package as the
   * Functions worker runs it; a peer; or the limit, which answers calls of `add` and nothing else.
   */
  readonly kind: 'own' | 'proxy' | 'package' | 'peer' | 'limit';
  readonly eras: readonly Era[];
}

/** The newest era that they speak is 2025-11-25. */
const legacyOnly: readonly Era[] = ['2025-11-25'];

/** Of a peer, as it is installed. */
export function readVersion(packageName: string): string {
  const path = join(import.meta.dirname, 'node_modules', packageName, 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

function createPeer(
  name: string,
  packageName: string,
  spoken: readonly Era[],
  title = packageName,
): Contender {
  const titleWithVersion = `${title} ${readVersion(packageName)}`;
  return { name, title: titleWithVersion, file: `${name}.ts`, kind: 'peer', eras: spoken };
}

/** Every server, once the peers are installed. */
export function listContenders(): readonly Contender[] {
  return [
    { name: 'ours', title: 'this server, local host', file: 'ours.ts', kind: 'own', eras },
    {
      name: 'proxy',
      title: 'this server, local host, token of its own',
      file: 'ours.ts',
      kind: 'proxy',
      eras,
    },
    {
      name: 'functions',
      title: 'this server, Functions adapter',
      file: 'functions.ts',
      kind: 'package',
      eras,
    },
    createPeer('mcp-handler', 'mcp-handler', eras),
    createPeer('sdk-2', '@modelcontextprotocol/server', eras),
    createPeer('sdk-1', '@modelcontextprotocol/sdk', legacyOnly, '@modelcontextprotocol/sdk on Express'),
    createPeer('fastmcp', 'fastmcp', legacyOnly),
    { name: 'bare', title: 'limit: node:http and jose', file: 'bare.ts', kind: 'limit', eras },
  ];
}

/** As a contender is called: the Functions host puts the invocation's id on a request, and where it came to. */
export function addressCall({ kind }: Pick<Contender, 'kind'>, makeCall: MakeCall): MakeCall {
  if (kind !== 'package') return makeCall;
  return (id, connection) => {
    const call = makeCall(id, connection);
    const added = {
      'x-ms-invocation-id': `00000000-0000-4000-8000-${id.toString(16).padStart(12, '0')}`,
      'x-forwarded-host': 'localhost:7071',
      'x-forwarded-proto': 'http',
    };
    return { ...call, headers: { ...call.headers, ...added } };
  };
}
