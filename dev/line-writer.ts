/**
 * Writes lines to a stream: those of one turn of the event loop in one piece, for each write costs as much as the rest
 * of the log. What still waits when the process ends is written then.
 */
export function createLineWriter(stream: Pick<NodeJS.WritableStream, 'write'>): (line: string) => void {
  let waiting = '';
  function flush(): void {
    if (waiting !== '') stream.write(waiting);
    waiting = '';
  }
  process.once('exit', flush);
  return function writeLine(line) {
    if (waiting === '') setImmediate(flush);
    waiting += `${line}\n`;
  };
}
