import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimDataDir, readStackFile, removeStackFile, writeStackFile } from '../../dev/stack-file.ts';

const stack = { mcpUrl: 'http://localhost:7071/mcp', authority: 'http://127.0.0.1:7080' };
const alive = process.ppid;
const { pid: dead } = spawnSync(process.execPath, ['--version']);

let dataDir: string;
let path: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'stack-file-'));
  path = join(dataDir, 'running.json');
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const write = (content: object) => writeFileSync(path, JSON.stringify(content));
const read = () => readStackFile({ DATA_DIR: dataDir });

describe('a data folder', () => {
  it('belongs to one stack at a time', async () => {
    write({ pid: alive });
    await expect(claimDataDir(dataDir)).rejects.toThrow(
      `The local stack of ${dataDir} already runs (pid ${alive}); set DATA_DIR to another folder to run a second one.`,
    );
    await removeStackFile(dataDir);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ pid: alive });
  });

  it.each([
    ['a process that is gone', JSON.stringify({ pid: dead })],
    ['this very process id', JSON.stringify({ pid: process.pid })],
    ['nobody, as the file is damaged', '{'],
  ])('is taken over from %s', async (_name, content) => {
    writeFileSync(path, content);
    await claimDataDir(dataDir);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ pid: process.pid });
    await removeStackFile(dataDir);
    expect(existsSync(path)).toBe(false);
  });

  it('stays claimed while it tells where the stack answers', async () => {
    await claimDataDir(dataDir);
    writeStackFile(dataDir, stack);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ pid: process.pid, ...stack });
  });
});

describe('the address of the running stack', () => {
  const notRunning = 'The local stack is not running. Start it with "npm start" in another terminal.';

  it('is told while its process lives', () => {
    write({ pid: alive, ...stack });
    expect(read()).toEqual(stack);
  });

  it.each([
    ['there is no file', undefined],
    ['its process is gone', { pid: dead, ...stack }],
    ['it is still starting', { pid: alive }],
  ])('is not told when %s', (_name, content) => {
    if (content !== undefined) write(content);
    expect(read).toThrow(notRunning);
  });

  it('is not told where tokens of the local Entra would be refused', () => {
    write({ pid: alive, ...stack, otherAuthority: 'https://login.example' });
    expect(read).toThrow(/accepts tokens of https:\/\/login\.example, .* sign in at your tenant/);
  });
});
