import { timingSafeEqual } from 'node:crypto';

/** Whether two texts are the same; how long it takes tells nothing of where they differ. */
export function isEqualInConstantTime(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
