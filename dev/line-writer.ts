/**
 * Writes lines to a stream: those of one turn of the event loop in one piece, for each write costs as much as the rest
 * of the log. What still waits when the process exits is written then, unless a signal ends it that nobody handles.
 */
export function createLineWriter(stream: Pick<NodeJS.WritableStream, 'write'>): (line: string) => void {
  let waiting = '';
  function flush(): void {
    const text = waiting;
    waiting = '';
    if (text !== '') stream.write(text);
  }
  process.once('exit', flush);
  return function writeLine(line) {
    if (waiting === '') setImmediate(flush);
    waiting += `${line}\n`;
  };
}
