import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Failure, readCode } from './failure.ts';

/** What listens on this machine: the variable that moves it, and where it listens otherwise. */
const services = {
  mcp: { variable: 'MCP_PORT', port: 7071, label: 'the MCP server' },
  entra: { variable: 'ENTRA_PORT', port: 7080, label: 'the local Entra' },
  vault: { variable: 'KEY_VAULT_PORT', port: 7081, label: 'the local Key Vault' },
  identity: { variable: 'IDENTITY_PORT', port: 7082, label: 'the local identity endpoint' },
  blob: { variable: 'AZURITE_BLOB_PORT', port: 10_000, label: 'Azurite (blobs)' },
  queue: { variable: 'AZURITE_QUEUE_PORT', port: 10_001, label: 'Azurite (queues)' },
  table: { variable: 'AZURITE_TABLE_PORT', port: 10_002, label: 'Azurite (tables)' },
} as const;

type Service = keyof typeof services;
export type Ports = Readonly<Record<Service, number>>;

const names = Object.keys(services) as Service[];

function readPort(service: Service, environment: NodeJS.ProcessEnv): number {
  const { variable, port } = services[service];
  const value = environment[variable]?.trim();
  if (value === undefined || value === '') return port;
  const number = Number(value);
  if (!/^\d{1,5}$/.test(value) || number < 1 || number > 65_535) {
    throw new Failure(`${variable} must be a port, 1 to 65535 (example: ${port}).`);
  }
  return number;
}

/** Every port from the environment. Throws Failure where one is no port or two are the same. */
export function readPorts(environment: NodeJS.ProcessEnv): Ports {
  const ports = Object.fromEntries(names.map((name) => [name, readPort(name, environment)])) as Ports;
  for (const [index, name] of names.entries()) {
    const other = names.slice(0, index).find((earlier) => ports[earlier] === ports[name]);
    if (other === undefined) continue;
    const variables = `${services[other].variable} and ${services[name].variable}`;
    throw new Failure(`${variables} are both ${ports[name]}: give them different ports.`);
  }
  return ports;
}

/** Why the port cannot be listened on at the address; undefined where it can, or where there is no such address. */
async function findObstacle(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    const code = readCode(error);
    if (code === 'EADDRINUSE') return 'is in use';
    if (code === 'EACCES') return 'is not allowed to you';
    return undefined;
  } finally {
    server.close();
  }
}

/**
 * A port of 127.0.0.1 that nothing listens on now, below those that systems give to outgoing connections and to whoever
 * asks for any port: one of these could be gone again before it is listened on.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_240, 32_768);
    if ((await findObstacle(port, '127.0.0.1')) === undefined) return port;
  }
}

/** Throws Failure naming every port that is taken, who wanted it and how to move it. */
export async function checkPorts(ports: Partial<Ports>): Promise<void> {
  const complaints: string[] = [];
  for (const name of names) {
    const port = ports[name];
    if (port === undefined) continue;
    // `localhost` may mean ::1 to a client, which would then reach whoever listens there.
    const obstacle = (await findObstacle(port, '127.0.0.1')) ?? (await findObstacle(port, '::1'));
    if (obstacle === undefined) continue;
    const { label, variable } = services[name];
    complaints.push(
      `Port ${port} ${obstacle}, and ${label} wants it. Stop what uses it, or set ${variable} to another port.`,
    );
  }
  if (complaints.length === 0) return;
  throw new Failure([...complaints, 'A second stack needs a DATA_DIR of its own, too.'].join('\n'));
}
