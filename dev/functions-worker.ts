import type { IncomingHttpHeaders } from 'node:http';
import { createRequire, Module } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The parts of the worker's core API (no package of that name is published) that pass between it and the library. */
interface Binding {
  readonly type: string;
  /** Of an HTTP trigger, as the methods. */
  readonly route?: string;
  readonly methods?: readonly string[];
}
export interface RegisteredFunction {
  readonly metadata: { readonly name: string; readonly bindings: Readonly<Record<string, Binding>> };
  readonly callback: (...args: unknown[]) => unknown;
}
interface CoreInvocation {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: readonly unknown[] }>;
  invokeFunction(context: unknown, inputs: readonly unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}
interface ProgrammingModel {
  getCapabilities(worker: object): Promise<{ readonly HttpUri: string }>;
  getInvocationModel(context: object): CoreInvocation;
}

export interface FunctionsWorker {
  /** Of the library's own HTTP proxy, to which the host forwards requests under the id of their invocation. */
  readonly httpUri: string;
  /** By route and method, as host.json's empty prefix has it. */
  findHttpFunction(method: string, path: string): RegisteredFunction | undefined;
  findTimerFunction(name: string): RegisteredFunction | undefined;
  /** Runs a function for the request that comes, or came, to the proxy with that id; its answer goes through the proxy. */
  invokeHttp(found: RegisteredFunction, headers: IncomingHttpHeaders, invocationId: string): Promise<void>;
  invokeTimer(found: RegisteredFunction, invocationId: string): Promise<void>;
  /** Runs what the package wants to be run before its instance is taken away. */
  terminate(): Promise<void>;
}

export interface FunctionsWorkerOptions {
  /** Takes what the functions log, and the library. */
  readonly log: (level: string, message: string) => void;
}

type Hook = (context: object) => unknown;

interface Loaded {
  readonly model: ProgrammingModel;
  readonly functions: readonly RegisteredFunction[];
  readonly terminateHooks: readonly Hook[];
}

const coreName = '@azure/functions-core';

/** Answers `require` of the core API with this one, in the worker's own way: no package of that name is installed. */
function provideCore(core: object): void {
  const { prototype } = Module as unknown as { prototype: { require: (id: string) => unknown } };
  const { require: original } = prototype;
  prototype.require = function requireOrCore(id) {
    return id === coreName ? core : original.call(this, id);
  };
}

/** Loads the package's entry, which registers its functions with the library, and the library itself with the worker. */
async function loadPackage(folder: string, { log }: FunctionsWorkerOptions): Promise<Loaded> {
  const functions: RegisteredFunction[] = [];
  const models: ProgrammingModel[] = [];
  const terminateHooks: Hook[] = [];
  provideCore({
    version: '3.0.0',
    log: (level: string, category: string, message: string) => {
      log(level, `${category} ${message}`);
    },
    setProgrammingModel: (given: ProgrammingModel) => models.push(given),
    registerFunction: (metadata: RegisteredFunction['metadata'], callback: RegisteredFunction['callback']) =>
      functions.push({ metadata, callback }),
    registerHook: (name: string, hook: Hook) => name === 'appTerminate' && terminateHooks.push(hook),
  });
  const require = createRequire(join(folder, 'package.json'));
  const entry = require.resolve('.');
  if (entry.endsWith('.cjs')) require(entry);
  else await import(pathToFileURL(entry).href);
  const [model] = models;
  if (model === undefined) throw new Error('the package registered no function');
  return { model, functions, terminateHooks };
}

function triggerOf({ metadata }: RegisteredFunction, type: string): [string, Binding] | undefined {
  return Object.entries(metadata.bindings).find(([, binding]) => binding.type === type);
}

/** What the host gives to a function beside its metadata, by the type of its trigger. */
function createInput(found: RegisteredFunction, type: string, data: object): object {
  const [name] = triggerOf(found, type) ?? [];
  return { inputData: [{ name, ...data }] };
}

/** One invocation, as the worker runs it. */
async function invoke(
  { model }: Loaded,
  { log }: FunctionsWorkerOptions,
  found: RegisteredFunction,
  { invocationId, request }: { readonly invocationId: string; readonly request: object },
): Promise<void> {
  const invocation = model.getInvocationModel({
    invocationId,
    metadata: found.metadata,
    request,
    log: (level: string, _category: string, message: string) => {
      log(level, message);
    },
  });
  const { context, inputs } = await invocation.getArguments();
  const result = await invocation.invokeFunction(context, inputs, found.callback);
  await invocation.getResponse(context, result);
}

/**
 * Plays the Functions worker around the package in a folder: loads its entry into this process, once, and runs the
 * functions that it registers. All that a request passes is @azure/functions' own code, streaming included; what stands
 * in for Microsoft's is the worker's core API. Rejects where the package does not load or registers nothing.
 */
export async function loadFunctionsWorker(
  folder: string,
  options: FunctionsWorkerOptions,
): Promise<FunctionsWorker> {
  const loaded = await loadPackage(folder, options);
  const { HttpUri } = await loaded.model.getCapabilities({});
  return {
    httpUri: HttpUri,
    findHttpFunction(method, path) {
      // The root's parameter matches the empty path.
      const route = path === '/' ? '{ignored:maxlength(0)?}' : path.slice(1);
      return loaded.functions.find((candidate) => {
        const [, trigger] = triggerOf(candidate, 'httpTrigger') ?? [];
        return trigger?.route === route && trigger.methods?.includes(method) === true;
      });
    },
    findTimerFunction(name) {
      const found = loaded.functions.find((candidate) => candidate.metadata.name === name);
      return found !== undefined && triggerOf(found, 'timerTrigger') !== undefined ? found : undefined;
    },
    invokeHttp(found, headers, invocationId) {
      const request = {
        ...createInput(found, 'httpTrigger', {}),
        triggerMetadata: { Headers: { json: JSON.stringify(headers) } },
      };
      return invoke(loaded, options, found, { invocationId, request });
    },
    invokeTimer(found, invocationId) {
      const timer = { IsPastDue: false, Schedule: { AdjustForDST: true }, ScheduleStatus: null };
      const request = createInput(found, 'timerTrigger', { data: { json: JSON.stringify(timer) } });
      return invoke(loaded, options, found, { invocationId, request });
    },
    async terminate() {
      for (const hook of loaded.terminateHooks) await hook({});
    },
  };
}
