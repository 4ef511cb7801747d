import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';

/** The official suite's program. */
export const conformanceCli = resolve(
  import.meta.dirname,
  '../../node_modules/@modelcontextprotocol/conformance/dist/index.js',
);
const baselineFile = join(import.meta.dirname, 'baseline.yaml');

export interface FailedCheck {
  /** `scenario:check`, as a baseline names it. */
  readonly check: string;
  readonly message: string | undefined;
}

export interface SuiteRun {
  /** By the suite's own judgement of what the revision requires, the baseline considered. */
  readonly exitCode: number | null;
  /** Failures and warnings, of scenarios that are not scored too, sorted. */
  readonly failed: readonly FailedCheck[];
  /** What the suite said at the end. */
  readonly verdict: string;
}

const checksSchema = z.array(
  z.object({ id: z.string(), status: z.string(), errorMessage: z.string().optional() }),
);

/** The results of a scenario are in a folder named for it and for when it ran; one that did not end has none. */
function readFailed(outputDir: string): FailedCheck[] {
  const failed = readdirSync(outputDir).flatMap((folder): FailedCheck[] => {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(folder)?.[1] ?? folder;
    const file = join(outputDir, folder, 'checks.json');
    if (!existsSync(file)) return [{ check: `${scenario}:no-result`, message: undefined }];
    return checksSchema
      .parse(JSON.parse(readFileSync(file, 'utf8')))
      .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      .map(({ id, errorMessage }) => ({ check: `${scenario}:${id}`, message: errorMessage }));
  });
  return failed.sort((one, other) => one.check.localeCompare(other.check));
}

/** Every entry of the baseline: a scenario, or `scenario:check`. */
export function readBaseline(): string[] {
  const entries = readFileSync(baselineFile, 'utf8').matchAll(/^ {2}- (\S+)$/gm);
  return [...entries].map(([, entry = '']) => entry);
}

/** Whether a baseline entry names the check or its whole scenario. */
export function covers(entry: string, { check }: FailedCheck): boolean {
  return check === entry || check.startsWith(`${entry}:`);
}

/** Runs what a revision requires of a server, on that revision's wire, as a process of its own. */
export async function runSuite(mcpUrl: URL, revision: string): Promise<SuiteRun> {
  const outputDir = mkdtempSync(join(tmpdir(), 'conformance-'));
  const options = { url: mcpUrl.href, requirements: revision, 'expected-failures': baselineFile };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  try {
    const suite = spawn(process.execPath, [conformanceCli, 'server', ...args, '--output-dir', outputDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output, closed] = await Promise.all([text(suite.stdout), once(suite, 'close')]);
    return {
      exitCode: closed[0] as number | null,
      failed: readFailed(outputDir),
      verdict: output.slice(Math.max(0, output.lastIndexOf('\nTotal: '))),
    };
  } finally {
    rmSync(outputDir, { recursive: true });
  }
}
