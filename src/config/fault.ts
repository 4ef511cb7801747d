import { describeSetting, type SettingName } from './settings.ts';

/** One thing wrong with the environment. Never holds the value: it could be a secret in the wrong place. */
export interface ConfigFault {
  readonly name: string;
  readonly problem: string;
  readonly example: string;
}

/** The fault of a setting, with the example that its schema gives. */
export function describeFault(name: SettingName, problem: string): ConfigFault {
  return { name, problem, example: describeSetting(name).example };
}
