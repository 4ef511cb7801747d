import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Connects to a port of this machine; whoever listens there may end the connection as it likes. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

/**
 * Sends bytes as they are, and no more when an answer comes; gives its status, when the other side has ended the
 * connection. NaN where that came before the answer was read: who is still sending may be cut off (RFC 9112 section 9.6).
 */
export async function sendRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<number> {
  const socket = await openSocket(port);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  for (const part of parts) {
    if (answer !== '' || socket.destroyed) break;
    await new Promise((resolve) => socket.write(part, resolve));
  }
  await closed;
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}
