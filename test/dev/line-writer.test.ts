import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLineWriter } from '../../dev/line-writer.ts';

describe('a writer of lines', () => {
  it('writes the lines of a turn in one piece, in their order', async () => {
    const pieces: unknown[] = [];
    const write = createLineWriter({ write: (piece: unknown) => pieces.push(piece) > 0 });
    write('one');
    write('two');
    expect(pieces).toEqual([]);
    await new Promise(setImmediate);
    expect(pieces).toEqual(['one\ntwo\n']);
    write('three');
    await new Promise(setImmediate);
    expect(pieces).toEqual(['one\ntwo\n', 'three\n']);
  });

  it('loses nothing when the process ends', () => {
    const file = join(import.meta.dirname, '../../dev/line-writer.ts');
    const program = `
      import { createLineWriter } from ${JSON.stringify(file)};
      const write = createLineWriter(process.stdout);
      write('the last words');
      process.exit(3);
    `;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
    expect([status, stdout.toString()]).toEqual([3, 'the last words\n']);
  });
});
