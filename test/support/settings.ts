import type { SettingInfo } from '../../src/config/setting.ts';
import { describeSetting, environmentSchema, type SettingName } from '../../src/config/settings.ts';

export interface Setting extends SettingInfo {
  readonly name: SettingName;
  /** What holds when the name is absent; undefined where it must be given or has no value. */
  readonly default: string | undefined;
}

/** Lists as they are written in the environment; what is empty by default has nothing to show. */
function describeDefault(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'object' ? '' : (value as string | undefined)?.toString();
}

/** Every name that the server reads, to be held against documents and infrastructure. */
export const settings: readonly Setting[] = environmentSchema.keyof().options.map((name) => {
  const absent = environmentSchema.shape[name].safeParse(undefined);
  return {
    name,
    ...describeSetting(name),
    default: describeDefault(absent.success ? absent.data : undefined),
  };
});
