import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../errors.ts';

const maxAttempts = 12;

/**
 * Tries until there is a result: undefined means that another writer of the same rows came first. Pauses grow from
 * some milliseconds to half a second, at random.
 * @param what is written, for the log
 * @throws AppError `storage_contended` after 12 attempts
 */
export async function retryContended<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < maxAttempts; attempts += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
    await delay(Math.random() * Math.min(10 * 2 ** attempts, 500));
  }
  throw new AppError('storage_contended', { detail: `${what}: ${maxAttempts} attempts` });
}
