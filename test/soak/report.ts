import type { Ledger } from './ledger.ts';

/** One row: an action, how often in all, and what came of it, the most frequent first. */
function describeAction([action, outcomes]: readonly [string, ReadonlyMap<string, number>]): string {
  const sorted = [...outcomes].sort(([, left], [, right]) => right - left);
  const total = sorted.reduce((sum, [, times]) => sum + times, 0);
  return `| ${action} | ${total} | ${sorted.map(([outcome, times]) => `${times} ${outcome}`).join(', ')} |`;
}

/** The counts as a table of Markdown, and what must not have happened. */
export function describeSoak(
  { counts, remarks, violations }: Ledger,
  circumstances: readonly string[],
): string {
  const rows = [...counts].map(describeAction).sort();
  const table = ['| what | times | of these |', '| --- | --- | --- |', ...rows];
  const verdict =
    violations.length === 0
      ? ['Nothing happened that must not.']
      : [
          `${violations.length} times something happened that must not:`,
          ...violations.map((text) => `- ${text}`),
        ];
  return [...circumstances, ...remarks, '', ...table, '', ...verdict].join('\n');
}
