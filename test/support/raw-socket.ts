import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Connects to a port of this machine; whoever listens there may end the connection as it likes. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

/** What the other side says. */
export interface Heard {
  /** What it has said so far. */
  text(): string;
  /** All that it said, when the connection has ended. */
  readonly whole: Promise<string>;
}

export function hear(socket: Socket): Heard {
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  const whole = new Promise<string>((resolve) => {
    socket.once('close', () => {
      resolve(answer);
    });
  });
  return { text: () => answer, whole };
}

/**
 * Sends bytes as they are, and no more when an answer comes; gives what was answered, when the other side has ended the
 * connection. Nothing where that came before the answer was read: who is still sending may be cut off (RFC 9112
 * section 9.6).
 */
export async function exchangeRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = await openSocket(port);
  const heard = hear(socket);
  for (const part of parts) {
    if (heard.text() !== '' || socket.destroyed) break;
    await new Promise((resolve) => socket.write(part, resolve));
  }
  return heard.whole;
}

/** The same; gives the status, NaN where nothing was answered. */
export async function sendRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<number> {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(await exchangeRaw(port, ...parts))?.[1]);
}
