/**
 * Preloaded into a child process (`node --import`): when the channel to the parent closes, however the parent ended,
 * the child shuts down as on Ctrl-C. The channel is the one sign of a parent's end that every platform gives.
 */
const graceMs = 3_000;

// A terminal and a service manager send these to the parent too, which still needs its child then, and the child its
// time to save.
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

process.once('disconnect', () => {
  // For a child that does not listen to SIGINT yet, or does not end by it.
  setTimeout(() => process.exit(), graceMs).unref();
  process.emit('SIGINT');
});
