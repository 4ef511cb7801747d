/** What a server process tells: its port once, and its usage whenever it is asked. */
export type ServerMessage = { readonly port: number } | Usage;

export interface Usage {
  /** User and system time of the whole process so far, microseconds. */
  readonly cpuMicros: number;
  /** Resident memory, bytes. */
  readonly rssBytes: number;
}

/** Says that this process serves on that port, answers every message with the usage, and ends with its parent. */
export function report(port: number): void {
  const send = (message: ServerMessage) => process.send?.(message);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    send({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss() });
  });
  process.on('disconnect', () => process.exit());
  send({ port });
}
