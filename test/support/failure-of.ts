import { AppError } from '../../src/errors.ts';

/** What the work fails with. Throws where it does not fail. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('nothing failed');
}

/** The same for a failure that has a code of this server's. */
export async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  const failure = await failureOf(work);
  if (failure instanceof AppError) return failure;
  throw new Error('not refused', { cause: failure });
}
