import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyDataDir, openDataDir } from '../../dev/data-dir.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-dir-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the data folder', () => {
  // Windows keeps its own rules.
  (process.platform === 'win32' ? it.skip : it)('is its owner’s alone, made here or before', () => {
    chmodSync(folder, 0o755);
    for (const path of [folder, join(folder, 'new', 'deeper')]) {
      openDataDir(path);
      expect(statSync(path).mode & 0o777).toBe(0o700);
      emptyDataDir(path, { except: '' });
    }
  });

  it('is emptied but for its mark and the file that is in use', () => {
    openDataDir(folder);
    mkdirSync(join(folder, 'azurite'));
    for (const name of ['azurite/tables', 'running.json', 'localhost.key']) {
      writeFileSync(join(folder, name), '');
    }
    emptyDataDir(folder, { except: 'running.json' });
    expect(readdirSync(folder).sort()).toEqual(['local-stack.md', 'running.json']);
    openDataDir(folder);
  });

  it('is not a folder with files of something else', () => {
    writeFileSync(join(folder, 'thesis.txt'), 'unique');
    expect(() => openDataDir(folder)).toThrow('holds files of something else');
  });
});
