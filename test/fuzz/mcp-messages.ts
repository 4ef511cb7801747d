import fc, { type Arbitrary } from 'fast-check';
import { anyEdit, anyText, change, headerText, jsonText } from './arbitraries.ts';

export const modernVersion = '2026-07-28';
const versions = ['2025-11-25', '2025-06-18', '2025-03-26', modernVersion];

const envelope = {
  'io.modelcontextprotocol/protocolVersion': modernVersion,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' },
};

/** A message with the headers that go with it. */
export interface Sent {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const methods = [
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'server/discover',
  'subscriptions/listen',
  'notifications/initialized',
  'notifications/cancelled',
  'logging/setLevel',
  'tasks/get',
  '__proto__',
  'constructor',
];
const paramNames = [
  'name',
  'arguments',
  'uri',
  'cursor',
  'ref',
  'argument',
  'message',
  'a',
  'b',
  'numbers',
  'limit',
  '_meta',
  'progressToken',
  'requestState',
  'inputResponses',
];
const paramValues = [
  '"echo"',
  '"note:///8199999999999-0123456789abcdef"',
  '"summarize_notes"',
  '{"type":"ref/resource","uri":"note:///{id}"}',
  '{"name":"id","value":"8"}',
  '[1,2]',
  '1e308',
  '{"progressToken":1}',
];
/** Tools that write nothing; what they are called with is up to the property. */
export const harmlessTools = ['echo', 'add', 'calculate_sum', 'get_server_info', 'get_user_notes'];

const anyParams = jsonText(paramNames, paramValues).map((text) => JSON.parse(text) as unknown);
const toolCall = fc
  .tuple(fc.constantFrom(...harmlessTools, 'constructor', ''), anyParams)
  .map(([name, given]) => ({ method: 'tools/call', params: { name, arguments: given } }));
const wellKnown = fc.constantFrom(
  { method: 'tools/call', params: { name: 'add', arguments: { a: 1, b: 2 } } },
  { method: 'tools/list', params: {} },
  { method: 'resources/read', params: { uri: 'note:///8199999999999-0123456789abcdef' } },
  { method: 'prompts/get', params: { name: 'summarize_notes', arguments: {} } },
  {
    method: 'completion/complete',
    params: { ref: { type: 'ref/resource', uri: 'note:///{id}' }, argument: { name: 'id', value: '' } },
  },
);
const anyCall = fc.oneof(
  wellKnown,
  toolCall,
  fc.record({
    method: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...methods) },
      { weight: 1, arbitrary: anyText },
    ),
    params: anyParams,
  }),
);

/** Ids that JSON-RPC allows in requests of MCP: strings and integers. */
export const anyId: Arbitrary<string | number> = fc.oneof(
  fc.constantFrom(0, 1, -0, 'a', '', 'null'),
  anyText,
  fc.integer(),
);

function encodeName(name: string): string {
  const isPlain = /^[\x21-\x7e]+$/.test(name) && !name.startsWith('=?');
  return isPlain ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`;
}

interface Call {
  readonly method: string;
  readonly params: unknown;
}

/** As a client of this revision sends it: headers and body agree. */
export function send({ method, params }: Call, id: string | number | undefined, version: string): Sent {
  const isModern = version === modernVersion;
  const given = typeof params === 'object' && params !== null && !Array.isArray(params) ? { ...params } : {};
  const withEnvelope = isModern ? { ...given, _meta: envelope } : given;
  const { name, uri } = given as { name?: unknown; uri?: unknown };
  const named = name ?? uri;
  const isHeader = /^[\x20-\x7e]+$/.test(method);
  return {
    body: JSON.stringify({ jsonrpc: '2.0', ...(id !== undefined && { id }), method, params: withEnvelope }),
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': version,
      ...(isModern && isHeader && { 'Mcp-Method': method }),
      ...(isModern && typeof named === 'string' && { 'Mcp-Name': encodeName(named.toWellFormed()) }),
    },
  };
}

function sentIn(...revisions: readonly string[]): Arbitrary<Sent> {
  return fc
    .tuple(anyCall, fc.option(anyId, { nil: undefined, freq: 6 }), fc.constantFrom(...revisions))
    .map((parts) => send(...parts));
}

/** Messages that agree with themselves, of every era. */
const anySent = sentIn(...versions);

const headerNames = [
  'Content-Type',
  'Accept',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Session-Id',
  'Last-Event-ID',
];
const headerValues = [
  'application/json; charset=utf-8',
  'text/plain',
  '*/*',
  'text/event-stream',
  ...versions,
  '2024-11-05',
  'tools/call',
  'echo',
  '=?base64?ZWNobw==?=',
  '=?base64?%%?=',
];

/** One header set to something else. */
const oddHeader = fc
  .tuple(anySent, fc.constantFrom(...headerNames), fc.oneof(fc.constantFrom(...headerValues), headerText))
  .map(([{ body, headers }, name, value]) => ({ body, headers: { ...headers, [name]: value } }));
/** The body with a stretch of it changed: mostly no JSON any more. */
const oddBody = fc
  .tuple(anySent, anyEdit)
  .map(([{ body, headers }, edit]) => ({ headers, body: change(body, edit) }));
/** The envelope with a member of another type, or that comes twice. */
const oddMember = fc
  .tuple(
    anySent,
    fc.constantFrom('jsonrpc', 'id', 'method', 'params', 'result', 'error', '__proto__', 'constructor'),
    jsonText(paramNames, [
      '"2.0"',
      '"1.0"',
      '1.5',
      '9007199254740993',
      `{"_meta":${JSON.stringify(envelope)}}`,
    ]),
    fc.constantFrom('instead', 'before', 'after'),
  )
  .map(([{ body, headers }, name, value, place]) => {
    const member = `${JSON.stringify(name)}:${value}`;
    if (place === 'before') return { headers, body: `{${member},${body.slice(1)}` };
    const members = Object.entries(JSON.parse(body) as object).filter(([key]) => key !== name);
    const rest = place === 'after' ? body : JSON.stringify(Object.fromEntries(members));
    return { headers, body: `${rest.slice(0, -1)},${member}}` };
  });
/** The one revision that has batches. */
const batchVersion = '2025-03-26';
const batch = fc
  .array(fc.oneof({ weight: 9, arbitrary: sentIn(batchVersion) }, { weight: 1, arbitrary: oddMember }), {
    maxLength: 12,
  })
  .map((all) => ({
    body: `[${all.map(({ body }) => body).join(',')}]`,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': batchVersion,
    },
  }));
const anything = fc
  .tuple(
    anySent,
    fc.oneof(anyText, jsonText(['jsonrpc', 'id', 'method', 'params'], ['"2.0"', '"ping"', '1'])),
  )
  .map(([{ headers }, body]) => ({ headers, body }));

/** What well-behaved clients send, the same with one thing wrong, and what nobody would call a message. */
export const anyPost: Arbitrary<Sent> = fc.oneof(
  { weight: 3, arbitrary: anySent },
  { weight: 2, arbitrary: oddHeader },
  { weight: 1, arbitrary: oddBody },
  { weight: 3, arbitrary: oddMember },
  { weight: 2, arbitrary: batch },
  { weight: 1, arbitrary: anything },
);
