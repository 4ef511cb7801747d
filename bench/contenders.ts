import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Era, MakeCall } from './calls.ts';
import { eras } from './calls.ts';

/** A server of the comparison. */
export interface Contender {
  /** As `--only` takes it, and the results name it. */
  readonly name: string;
  readonly title: string;
  /** Below bench/servers. */
  readonly file: string;
  /** Whether it is this server, with this server's settings, or a peer. */
  readonly isOwn: boolean;
  readonly eras: readonly Era[];
  /** Runs a built package, whose folder it is given. */
  readonly runsPackage?: true;
  /** What the host puts on a request. */
  readonly forward?: (makeCall: MakeCall) => MakeCall;
}

/** The newest era that they speak is 2025-11-25. */
const legacyOnly: readonly Era[] = ['2025-11-25'];

function versionOf(packageName: string): string {
  const path = join(import.meta.dirname, 'node_modules', packageName, 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

function createPeer(name: string, packageName: string, title = packageName): Contender {
  const titleWithVersion = `${title} ${versionOf(packageName)}`;
  return { name, title: titleWithVersion, file: `${name}.ts`, isOwn: false, eras };
}

/** As the Functions host forwards a request to the worker: with its invocation's id and where it came to. */
function forwardToWorker(makeCall: MakeCall): MakeCall {
  return (id) => {
    const call = makeCall(id);
    const added = {
      'x-ms-invocation-id': `00000000-0000-4000-8000-${id.toString(16).padStart(12, '0')}`,
      'x-forwarded-host': 'localhost:7071',
      'x-forwarded-proto': 'http',
    };
    return { ...call, headers: { ...call.headers, ...added } };
  };
}

/** Every server, once the peers are installed. */
export function listContenders(): readonly Contender[] {
  const own = { isOwn: true, eras } as const;
  return [
    { ...own, name: 'ours', title: 'this server, local host', file: 'ours.ts' },
    {
      ...own,
      name: 'functions',
      title: 'this server, Functions adapter',
      file: 'functions.ts',
      runsPackage: true,
      forward: forwardToWorker,
    },
    createPeer('mcp-handler', 'mcp-handler'),
    createPeer('sdk-2', '@modelcontextprotocol/server'),
    {
      ...createPeer('sdk-1', '@modelcontextprotocol/sdk', '@modelcontextprotocol/sdk on Express'),
      eras: legacyOnly,
    },
    { ...createPeer('fastmcp', 'fastmcp'), eras: legacyOnly },
    { name: 'bare', title: 'limit: node:http and jose', file: 'bare.ts', isOwn: false, eras },
  ];
}
