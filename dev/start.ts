import { ConfigError } from '../src/config.ts';
import { readArguments } from './arguments.ts';
import { composeBanner } from './banner.ts';
import { Failure } from './failure.ts';
import { readOptions, usage, type StartOptions } from './options.ts';
import { startStack } from './stack.ts';
import { createStopper, type Stopper } from './stopper.ts';

/** npm passes a Ctrl-C on to a program that has had it from the terminal already; that is no second one. */
const sameKeyMs = 1_000;
/** After which a part that does not stop is left to the end of the process. */
const stopDeadlineMs = 10_000;

/** How often to look whether npm is still there. */
const parentCheckMs = 1_000;

/** Calls back when the npm that runs this script has ended: it does not tell, and leaves its scripts running. */
function watchParent(onGone: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, parentCheckMs);
  timer.unref();
}

/** Ends the process when everything is stopped, or at once when it is asked for again. */
function stopOnSignal(stopper: Stopper): void {
  let askedAt: number | undefined;
  const onSignal = () => {
    if (askedAt !== undefined) {
      if (performance.now() - askedAt > sameKeyMs) process.exit(1);
      return;
    }
    askedAt = performance.now();
    console.log('\nStopping…');
    setTimeout(() => process.exit(1), stopDeadlineMs).unref();
    void stopper.stopAll().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  watchParent(onSignal);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) {
    const faults = error.faults.map(
      ({ name, problem, example }) => `  ${name} ${problem} (example: ${example})`,
    );
    // The stack gives all of them, or with an Entra of the person's own none.
    const isPartial = error.faults.some(
      ({ name, problem }) => name.startsWith('ENTRA_') && problem === 'is missing',
    );
    const hint = "With a tenant or an authority of your own, none of the local Entra's values apply.";
    return ['The settings cannot be used:', ...faults, ...(isPartial ? [hint] : [])].join('\n');
  }
  if (error instanceof Failure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function start(options: StartOptions): Promise<void> {
  const stopper = createStopper();
  stopOnSignal(stopper);
  try {
    const stack = await startStack(options, process.env, stopper);
    process.stdout.write(composeBanner(stack.facts));
    throw new Failure(`${await stack.broken} ended unexpectedly.`);
  } catch (error) {
    // Whoever stops everything also ends the process.
    if (stopper.isStopping) return;
    console.error(explain(error));
    await stopper.stopAll();
    process.exit(1);
  }
}

const options = readArguments((args) => readOptions(args, process.env), usage);
if (options.help) process.stdout.write(usage);
else await start(options);
