import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { once } from '../once.ts';

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
 * Answers with a file of Swagger UI: a deployment has it compressed beside its bundle (dev/bundle.ts), a checkout plain
 * among its packages. It stays compressed for a browser that takes Brotli: each does over https and from this machine,
 * where nothing on the way could spoil it. Either form is made once, whoever asks how often. The answer is rejected when
 * the file is in neither place.
 */
export function createSwaggerUiFile(file: string): (request: Request) => Promise<Response> {
  const loadCompressed = once(() => readCompressed(file));
  const loadPlain = once(async () => promisify(brotliDecompress)(await loadCompressed()));

  return async function send(request) {
    if (request.headers.get('accept-encoding')?.includes('br') === true) {
      return new Response(await loadCompressed(), { headers: { 'Content-Encoding': 'br' } });
    }
    return new Response(await loadPlain());
  };
}
