import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** Connects to a port of this machine; whoever listens there may end the connection as it likes. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

/** Sends bytes as they are and gives the status of the answer, when the other side has ended the connection. */
export async function sendRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<number> {
  const socket = await openSocket(port);
  const answered = text(socket).catch(() => '');
  for (const part of parts) socket.write(part);
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(await answered)?.[1]);
}
