/**
 * Turns off zod's memory for objects that refer to themselves. It costs every parse of a schema that may nest without
 * end, as MCP's messages do, a sixth of what a whole call takes; what is parsed here comes from JSON, which has no such
 * objects. Read once when a schema is made, so this is imported before anything that makes one.
 */
import * as z from 'zod';

z.config({
  memoizer: { alloc: (_schema, _payload, empty) => empty, guard: () => undefined, attach: () => undefined },
});
