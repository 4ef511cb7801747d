/**
 * Plays the Functions host and worker around a package: `node functions-worker.ts {folder} [port]` loads the package's
 * entry with the environment it is given, and serves every function that it registers on that port of 127.0.0.1, or on
 * a free one, which it prints. A job runs when it is asked for, as with the host: POST /admin/functions/{name}. All that
 * a request passes between the two HTTP servers is @azure/functions' own code, streaming included; what stands in for
 * Microsoft's is the routing and the worker's core API.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const [, , folder = '.', port = '0'] = process.argv;

/** The parts of the worker's core API (no package of that name is published) that pass between it and the library. */
interface Binding {
  readonly type: string;
  /** Of an HTTP trigger, as the methods. */
  readonly route?: string;
  readonly methods?: readonly string[];
}
interface RegisteredFunction {
  readonly metadata: { readonly name: string; readonly bindings: Readonly<Record<string, Binding>> };
  readonly callback: (...args: unknown[]) => unknown;
}
interface Invocation {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: readonly unknown[] }>;
  invokeFunction(context: unknown, inputs: readonly unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}
interface ProgrammingModel {
  getCapabilities(worker: object): Promise<{ readonly HttpUri: string }>;
  getInvocationModel(context: object): Invocation;
}

const functions: RegisteredFunction[] = [];
let model: ProgrammingModel | undefined;

/** What the worker offers to the library under the name `@azure/functions-core`. */
Object.assign(globalThis, {
  functionsCore: {
    version: '3.0.0',
    log: (level: string, category: string, message: string) => {
      console.error(`${category} ${level} ${message}`);
    },
    setProgrammingModel: (given: ProgrammingModel) => (model = given),
    registerFunction: (metadata: RegisteredFunction['metadata'], callback: RegisteredFunction['callback']) =>
      functions.push({ metadata, callback }),
  },
});

function loadPackage(): ProgrammingModel {
  const home = join(folder, 'node_modules/@azure/functions-core');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'index.js'), 'module.exports = globalThis.functionsCore;');
  createRequire(join(folder, 'package.json'))('.');
  if (model === undefined) throw new Error('the package registered no function');
  return model;
}

function triggerOf({ metadata }: RegisteredFunction, type: string): [string, Binding] | undefined {
  return Object.entries(metadata.bindings).find(([, binding]) => binding.type === type);
}

/** By route and method, as host.json's empty prefix has it; the root's parameter matches the empty path. */
function findFunction(method: string, path: string): RegisteredFunction | undefined {
  const route = path === '/' ? '{ignored:maxlength(0)?}' : path.slice(1);
  return functions.find((candidate) => {
    const [, trigger] = triggerOf(candidate, 'httpTrigger') ?? [];
    return trigger?.route === route && trigger.methods?.includes(method) === true;
  });
}

/** What the host gives to a function beside its metadata, by the type of its trigger. */
function createInput(found: RegisteredFunction, type: string, data: object): object {
  const [name] = triggerOf(found, type) ?? [];
  return { inputData: [{ name, ...data }] };
}

/** One invocation, as the worker runs it; an HTTP answer itself goes through the library's HTTP proxy. */
async function invoke(
  programmingModel: ProgrammingModel,
  found: RegisteredFunction,
  request: object,
  invocationId: string = randomUUID(),
): Promise<void> {
  const invocation = programmingModel.getInvocationModel({
    invocationId,
    metadata: found.metadata,
    request,
    log: (level: string, _category: string, message: string) => {
      console.error(`${level} ${message}`);
    },
  });
  const { context, inputs } = await invocation.getArguments();
  const result = await invocation.invokeFunction(context, inputs, found.callback);
  await invocation.getResponse(context, result);
}

function begin(
  programmingModel: ProgrammingModel,
  found: RegisteredFunction,
  incoming: IncomingMessage,
): string {
  const invocationId = randomUUID();
  const request = {
    ...createInput(found, 'httpTrigger', {}),
    triggerMetadata: { Headers: { json: JSON.stringify(incoming.headers) } },
  };
  invoke(programmingModel, found, request, invocationId).catch((error: unknown) => {
    console.error('invocation failed', error);
  });
  return invocationId;
}

/** Runs the function of a timer at once and answers when it is done; false for any other path. */
function runTimer(programmingModel: ProgrammingModel, path: string, outgoing: ServerResponse): boolean {
  const name = /^\/admin\/functions\/([^/]+)$/.exec(path)?.[1];
  const found = functions.find((candidate) => candidate.metadata.name === name);
  if (found === undefined || triggerOf(found, 'timerTrigger') === undefined) return false;
  const timer = { IsPastDue: false, Schedule: { AdjustForDST: true }, ScheduleStatus: null };
  invoke(
    programmingModel,
    found,
    createInput(found, 'timerTrigger', { data: { json: JSON.stringify(timer) } }),
  )
    .then(() => outgoing.writeHead(202).end())
    .catch((error: unknown) => {
      console.error('invocation failed', error);
      outgoing.writeHead(500).end();
    });
  return true;
}

function serve(
  programmingModel: ProgrammingModel,
  proxy: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) {
  const { method = 'GET', url = '/', headers } = incoming;
  const [path = '/'] = url.split('?', 1);
  if (method === 'POST' && runTimer(programmingModel, path, outgoing)) return;
  const found = findFunction(method, path);
  if (found === undefined) {
    outgoing.writeHead(404).end();
    return;
  }
  const added = {
    'x-ms-invocation-id': begin(programmingModel, found, incoming),
    'x-forwarded-host': headers.host,
    'x-forwarded-proto': 'http',
  };
  const forwarded = request(new URL(url, proxy), { method, headers: { ...headers, ...added } });
  forwarded.on('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 500, response.headers);
    response.pipe(outgoing);
  });
  forwarded.on('error', () => outgoing.destroy());
  incoming.pipe(forwarded);
}

const programmingModel = loadPackage();
const { HttpUri } = await programmingModel.getCapabilities({});
const server = createServer((incoming, outgoing) => {
  serve(programmingModel, new URL(HttpUri), incoming, outgoing);
});
server.listen(Number(port), '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
