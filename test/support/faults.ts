import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { giveBack, type Answer } from './relay.ts';

/** What a network and a service do wrong, in the words of docs/reliability.md. Only the last refuses connections. */
export const networkFaults = [
  'reset in mid-answer',
  '503',
  '503 with Retry-After',
  '429 with Retry-After',
  'stall of 6 s',
  'truncated body',
  'malformed body',
  'wrong content type',
  'slow drip',
  'connection refused',
] as const;
export type NetworkFault = (typeof networkFaults)[number];

/** An answer without the service. */
interface Invented {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What happens to a request: passed on; left without an answer; cut off before or after the service acts on it; one of
 * the network's faults; an answer of the test's own; the service's JSON, changed.
 */
export type Fault =
  | 'none'
  | 'silence'
  | 'cut-before'
  | 'cut-after'
  | Exclude<NetworkFault, 'connection refused'>
  | Invented
  | { readonly rewrite: (content: Record<string, unknown>) => Record<string, unknown> };

/** Longer than the 5 seconds that most dependencies have, milliseconds. */
const stallMs = 6_000;
/** Between two bytes: no answer is short enough to be told in time. */
const dripMs = 200;
const retryAfter = { 'retry-after': '1' };

/** Headers of an answer whose body is given as a whole. */
function tellLength({ message }: Answer, length: number): IncomingHttpHeaders {
  const headers = { ...message.headers };
  delete headers['transfer-encoding'];
  return length > 0 ? { ...headers, 'content-length': String(length) } : headers;
}

/** The answer as bytes. */
function serialize(answer: Answer): Buffer {
  const { statusCode = 500, statusMessage = '' } = answer.message;
  const headers = Object.entries(tellLength(answer, answer.content.length));
  const lines = headers.map(([name, value]) => `${name}: ${String(value)}`);
  const head = [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), answer.content]);
}

/** With another body; an answer without one has none that could be spoiled. */
function withBody(answer: Answer, content: Buffer): Answer {
  if (answer.content.length === 0) return answer;
  answer.message.headers = tellLength(answer, content.length);
  return { message: answer.message, content };
}

function reset({ socket }: IncomingMessage): void {
  // A reset is for TCP alone; TLS ends without its farewell.
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

async function resetHalfway(incoming: IncomingMessage, answer: Answer): Promise<void> {
  const bytes = serialize(answer);
  const half = bytes.subarray(0, bytes.length - Math.ceil(Math.max(answer.content.length, 2) / 2));
  await new Promise((resolve) => incoming.socket.write(half, resolve));
  reset(incoming);
}

async function drip({ socket }: IncomingMessage, answer: Answer): Promise<void> {
  for (const byte of serialize(answer)) {
    if (socket.destroyed) return;
    socket.write(Buffer.of(byte));
    await delay(dripMs);
  }
}

function rewrite(answer: Answer, change: (content: Record<string, unknown>) => object): Answer {
  const content = JSON.parse(answer.content.toString()) as Record<string, unknown>;
  return withBody(answer, Buffer.from(JSON.stringify(change(content))));
}

/** What is answered without the service. */
const invented: Readonly<Partial<Record<NetworkFault, Invented>>> = {
  '503': { status: 503 },
  '503 with Retry-After': { status: 503, headers: retryAfter },
  '429 with Retry-After': { status: 429, headers: retryAfter },
  // As of a portal that wants somebody to sign in to the network.
  'wrong content type': {
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<html>Welcome</html>',
  },
};

function invent(fault: Fault): Invented | undefined {
  if (typeof fault === 'object') return 'status' in fault ? fault : undefined;
  return fault in invented ? invented[fault as NetworkFault] : undefined;
}

/** The service's answer, as the fault leaves it. */
function spoil(fault: Fault, answer: Answer): Answer {
  if (typeof fault === 'object' && 'rewrite' in fault) return rewrite(answer, fault.rewrite);
  const { content } = answer;
  if (fault === 'truncated body')
    return withBody(answer, content.subarray(0, Math.floor(content.length / 2)));
  if (fault === 'malformed body') return withBody(answer, Buffer.from('{"value":[{"\u0000'));
  return answer;
}

/**
 * Answers a request as the fault has it.
 * @param passOn lets the service act, and gives its answer
 */
export async function answerWith(
  fault: Fault,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  passOn: () => Promise<Answer>,
): Promise<void> {
  if (fault === 'silence') return;
  if (fault === 'cut-before') return void incoming.socket.destroy();
  const own = invent(fault);
  if (own !== undefined) {
    const { status, body, headers } = own;
    return void outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }
  // The service acts late, whether or not anybody waits still.
  if (fault === 'stall of 6 s') await delay(stallMs);
  const answer = await passOn();
  if (fault === 'cut-after') return void incoming.socket.destroy();
  if (fault === 'reset in mid-answer') return resetHalfway(incoming, answer);
  if (fault === 'slow drip') return drip(incoming, answer);
  giveBack(outgoing, spoil(fault, answer));
}
