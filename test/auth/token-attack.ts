import { expect } from '@jest/globals';
import { createTables } from '../../src/azure/tables.ts';
import { loadConfig } from '../../src/config.ts';
import { describeError, type ErrorCode } from '../../src/errors.ts';
import { signText } from '../support/sign-text.ts';
import type { SigningKey, TokenLab } from './token-lab.ts';

export const issuers = ['entra', 'own'] as const;
export type Issuer = (typeof issuers)[number];
export type Members = Readonly<Record<string, unknown>>;

export interface Forgery {
  /** Instead of, or beside, the members of a genuine token. */
  readonly header?: Members;
  readonly claims?: Members;
  /** The issuer's own key unless given. */
  readonly key?: SigningKey;
}

/** Tries tokens on a server, each with a call that would write a note. */
export interface Attacks {
  /** Saves a note, with these headers. */
  save(headers: Readonly<Record<string, string>>, url?: URL): Promise<Response>;
  /** A token as this issuer would make it, but for what is given. */
  forge(issuer: Issuer, forgery: Forgery): string;
  /** Fails unless the answer is a refusal in every respect. */
  expectRefusal(answer: Promise<Response>, code: ErrorCode): Promise<void>;
  /** The same for this token, sent as tokens are. */
  refuse(token: string, code: ErrorCode): Promise<void>;
  /** Fails unless genuine tokens save a note each: then the refusals were about the tokens. Once, at the end. */
  expectGenuineToSave(): Promise<void>;
}

const challenge =
  /^Bearer (?:error="([a-z_]+)", error_description="[^"]+", )?scope="access_as_user", resource_metadata="[^"]+"$/;

const saveNote = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'save_user_note', arguments: { text: 'must not be written' } },
};

export function createAttacks(lab: TokenLab): Attacks {
  const notes = createTables(loadConfig(lab.server.environment).tables).table('Notes');
  const countRows = async () => (await notes.listBefore('~', 9)).length;

  const save: Attacks['save'] = (headers, url = lab.server.mcpUrl) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(saveNote),
    });

  const forge: Attacks['forge'] = (issuer, { header, claims, key = lab[issuer].key }) => {
    const genuine = lab[issuer];
    const [head, payload] = [
      { ...genuine.header, ...header },
      { ...genuine.claims, ...claims },
    ];
    return signText(JSON.stringify(head), JSON.stringify(payload), key.privateKey);
  };

  /** Status, code and challenge; nothing written, and nothing fetched from a stranger. */
  const expectRefusal: Attacks['expectRefusal'] = async (answer, code) => {
    const response = await answer;
    const { status, oauth } = describeError(code);
    expect(await response.json()).toMatchObject({ code });
    expect(response.status).toBe(status);
    expect(challenge.exec(response.headers.get('www-authenticate') ?? '')).toMatchObject({ 1: oauth });
    expect(await countRows()).toBe(0);
    expect(lab.attacker.requests).toBe(0);
  };

  return {
    save,
    forge,
    expectRefusal,
    refuse: (token, code) => expectRefusal(save({ Authorization: `Bearer ${token}` }), code),
    async expectGenuineToSave() {
      for (const issuer of issuers) {
        for (const token of [lab[issuer].token, forge(issuer, {})]) {
          expect((await save({ Authorization: `Bearer ${token}` })).status).toBe(200);
        }
      }
      // Four notes and the row that counts them, all of one owner's.
      expect(await countRows()).toBe(5);
    },
  };
}
