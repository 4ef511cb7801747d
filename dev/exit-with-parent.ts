/**
 * Preloaded into a child process (`node --import`): when the channel to the parent closes, however the parent ended,
 * the child shuts down as on Ctrl-C. The channel is the one sign of a parent's end that every platform gives.
 */
const graceMs = 3_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(), graceMs).unref();
  if (!process.emit('SIGINT')) process.exit();
});
