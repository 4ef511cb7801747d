/** The names of this machine as a URL's `hostname` has them. */
export const loopbackNames = ['localhost', '127.0.0.1', '[::1]'] as const;

/** Whether a URL leads to this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return loopbackNames.some((name) => name === hostname);
}
