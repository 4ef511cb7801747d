import { isEventStream, whenStreamEnds } from '../streams.ts';

/** The requests that are answered at the same time. */
export interface Places {
  /** Whether there is none left. */
  readonly areTaken: boolean;
  /** Answers in a place of its own, which is free again when the answer has ended, a stream with its last byte. */
  hold(answer: () => Promise<Response>): Promise<Response>;
}

export function createPlaces(most: number): Places {
  let taken = 0;
  function leave(): void {
    taken -= 1;
  }
  return {
    get areTaken() {
      return taken >= most;
    },
    async hold(answer) {
      taken += 1;
      let streams = false;
      try {
        const response = await answer();
        const { body, headers } = response;
        streams = body !== null && isEventStream(headers);
        return streams && body !== null ? new Response(whenStreamEnds(body, leave), response) : response;
      } finally {
        if (!streams) leave();
      }
    },
  };
}
