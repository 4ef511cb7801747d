import type * as z from 'zod';

export interface SettingInfo {
  readonly description: string;
  /** A value that works. */
  readonly example: string;
  /** Names that other servers use for the same. */
  readonly aliases?: readonly string[];
}

/** The rule of a setting, with what is told of it. */
export function setting<T extends z.ZodType>(schema: T, info: SettingInfo): T {
  return schema.meta({ ...info });
}
