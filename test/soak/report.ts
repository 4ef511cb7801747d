import type { Ledger } from './ledger.ts';

/** The counts as a table of Markdown, and what must not have happened. */
export function describeSoak({ counts, violations }: Ledger, circumstances: readonly string[]): string {
  const rows = [...counts].flatMap(([action, outcomes]) =>
    [...outcomes].map(([outcome, times]) => `| ${action} | ${outcome} | ${times} |`),
  );
  const table = ['| what | outcome | times |', '| --- | --- | --- |', ...rows.sort()];
  const verdict =
    violations.length === 0
      ? ['Nothing happened that must not.']
      : [
          `${violations.length} times something happened that must not:`,
          ...violations.map((text) => `- ${text}`),
        ];
  return [...circumstances, '', ...table, '', ...verdict].join('\n');
}
