import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Cores } from './cores.ts';
import type { ServerMessage, Usage } from './servers/report.ts';

/** A server in a process of its own. */
export interface ServerProcess {
  readonly origin: string;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

export interface ServerCommand {
  /** Path of its file and its arguments. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Milliseconds in which a server starts, or tells its usage. */
const answerMs = 60_000;

/** Starts a server, with the given environment and nothing of this process; its log is written, but not kept. */
export async function startServer(cores: Cores, command: ServerCommand): Promise<ServerProcess> {
  const { PATH, HOME, SystemRoot, TEMP } = process.env;
  const [program, ...first] = cores.serverCommand;
  const child = spawn(program, [...first, command.file, ...(command.args ?? [])], {
    env: {
      PATH,
      HOME,
      SystemRoot,
      TEMP,
      NODE_ENV: 'production',
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      ...command.environment,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    windowsHide: true,
  });
  const exited = once(child, 'exit');
  const ended = exited.then(() => Promise.reject(new Error(`${command.file} ended by itself`)));
  ended.catch(() => undefined);

  async function receive<T extends ServerMessage>(): Promise<T> {
    const signal = AbortSignal.timeout(answerMs);
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [T];
    return message;
  }

  const { port } = await receive<{ readonly port: number }>();
  return {
    origin: `http://127.0.0.1:${port}`,
    usage() {
      const answered = receive<Usage>();
      child.send('usage');
      return answered;
    },
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}
