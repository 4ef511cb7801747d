import { describeFailure } from './failure.ts';

/** What `read` makes of this program's arguments; what it throws goes to standard error, with the usage, exit code 2. */
export function readArguments<T>(read: (args: readonly string[]) => T, usage: string): T {
  try {
    return read(process.argv.slice(2));
  } catch (error) {
    console.error(`${describeFailure(error)}\n\n${usage}`);
    process.exit(2);
  }
}
