import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';

const besideBundle = join(import.meta.dirname, 'swagger-ui');
const inCheckout = join(import.meta.dirname, '../../node_modules/swagger-ui-dist');

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** As small as a tenth of a second makes it: the next twentieth would take ten times that. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Compresses with Brotli, as a deployment has its files. */
export function compress(content: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return promisify(brotliCompress)(content, brotliOptions);
}

async function readCompressed(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(join(besideBundle, `${file}.br`));
  } catch (error) {
    if (!isMissing(error)) throw error;
    return compress(await readFile(join(inCheckout, file)));
  }
}

/**
 * A file of Swagger UI: a deployment has it compressed beside its bundle (dev/bundle.ts), a checkout plain among its
 * packages. It stays compressed for a browser that takes Brotli: each does over https and from this machine, where
 * nothing on the way could spoil it. Rejects when neither has it.
 */
export async function sendSwaggerUi(file: string, request: Request): Promise<Response> {
  const compressed = await readCompressed(file);
  if (request.headers.get('accept-encoding')?.includes('br') === true) {
    return new Response(compressed, { headers: { 'Content-Encoding': 'br' } });
  }
  return new Response(await promisify(brotliDecompress)(compressed));
}
