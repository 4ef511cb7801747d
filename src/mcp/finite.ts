import { ToolError } from './failures.ts';

/** The sum of finite numbers. @throws ToolError when it grows too large for a number on the way, which JSON could not carry */
export function sumFinite(numbers: readonly number[]): number {
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (!Number.isFinite(sum)) throw new ToolError('A partial sum is larger than a number can hold.');
  return sum;
}
